import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AnswerForm } from "./answer-forms.ts";
import { type Filter, filterAnswer } from "./authorization-server/answer-filter.ts";
import { CodeDeviceEndpoints } from "./authorization-server/code-device.ts";
import {
  type Answer,
  type AuthorizationServerKind,
  type Dialect,
  dialects,
  vendorText,
} from "./authorization-server/dialect.ts";
import { type AuthorizationFault, isLate } from "./authorization-server/fault.ts";
import { type Decision, decide } from "./authorization-server/interaction.ts";
import { clientId, createOidcServer } from "./authorization-server/oidc-server.ts";
import { RefreshLedger } from "./authorization-server/refresh-ledger.ts";
import { type BodyEncoding, noBody, type Parameters, takeBody } from "./authorization-server/request-body.ts";
import { send } from "./mock-provider/answer.ts";
import { fail } from "./mock-provider/fault.ts";
import type { RefreshOracle } from "./refresh-oracle.ts";

export interface AuthorizationServerOptions {
  /** Seconds. */
  readonly accessTokenLifetime?: number;
  /**
   * Seconds for which a used refresh token gets the very same answer again, as long as nobody has used what that answer
   * brought; 0 by default.
   */
  readonly refreshGrace?: number;
  /** Besides the usual ones; of a loopback address the port may vary. */
  readonly redirectUris?: readonly string[];
}

interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Parameters;
  readonly encoding: BodyEncoding | null;
}

/** A vendor's authorization server: a certified OpenID provider that speaks the vendor's dialect. */
export interface AuthorizationServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  /** What users do there from now on, and who they are. */
  user: { decision: Decision; name: string };
  /** Requests to the token, revocation and device endpoints, and for documents; the oldest first. */
  readonly requests: readonly ReceivedRequest[];
  /** Answers with tokens, the oldest first. */
  readonly answers: readonly Answer[];
  /** Its view of the token families, whether they began with `mint` or with a user's sign-in. */
  readonly oracle: RefreshOracle;
  /** Members that replace those of successful token answers; undefined takes one away. */
  tokenOverrides: Answer;
  /** How successful token answers are written from now on; null: as JSON. */
  tokenForm: AnswerForm | null;
  /** What becomes of refreshes with these refresh tokens, as long as they stand here. */
  readonly troubles: Map<string, AuthorizationFault>;
  /** Makes the next answer to this path faulty. */
  next(path: string, fault: AuthorizationFault): void;
  /** The operator's variables for a provider that is to use this server. */
  environment(provider: string): Record<string, string>;
}

const endpoints = [
  "/token",
  "/token/revocation",
  "/device/auth",
  "/api/accounts/deviceauth/usercode",
  "/api/accounts/deviceauth/token",
];

function redirectUrisOf(kind: AuthorizationServerKind, issuer: string, dialect: Dialect): string[] {
  const paths = ["/callback", "/auth/callback", `/auth/${kind}/callback`];
  const callbacks = ["http://127.0.0.1", "http://localhost", "https://app.example.test"];
  return [
    ...callbacks.flatMap((origin) => paths.map((path) => `${origin}${path}`)),
    `${issuer}/deviceauth/callback`,
    ...dialect.pasteRedirectUris,
  ];
}

/** Starts a vendor's authorization server on a free port of 127.0.0.1. */
export async function startAuthorizationServer(
  kind: AuthorizationServerKind,
  { accessTokenLifetime = 3600, refreshGrace = 0, redirectUris = [] }: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  const dialect: Dialect = dialects[kind];
  const http = createServer((request, response) => void handle(request, response)).listen(0, "127.0.0.1");
  await once(http, "listening");
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const allRedirectUris = [...redirectUrisOf(kind, issuer, dialect), ...redirectUris];
  const oidc = await createOidcServer({ issuer, dialect, accessTokenLifetime, redirectUris: allRedirectUris });
  const handleOidc = oidc.callback();
  const ledger = new RefreshLedger({ oidc, dialect, grace: refreshGrace });
  const devices = dialect.codeDevice ? new CodeDeviceEndpoints(issuer, dialect.scopes) : null;
  const requests: ReceivedRequest[] = [];
  const answers: Answer[] = [];
  const faults: { path: string; fault: AuthorizationFault }[] = [];
  const troubles: AuthorizationServer["troubles"] = new Map();

  function takeFault(path: string): AuthorizationFault | null {
    const index = faults.findIndex((item) => item.path === path);
    return index === -1 ? null : faults.splice(index, 1)[0]!.fault;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "" } = request;
    const url = new URL(request.url ?? "/", issuer);
    const path = url.pathname;
    if (path.startsWith("/interaction/")) {
      return decide(oidc, request, response, { decision: server.user.decision, user: server.user.name });
    }
    const isEndpoint = endpoints.includes(path);
    const read = method === "POST" && (isEndpoint || path === "/codex/device") ? await takeBody(request) : noBody;
    // The caller hung up before its request was whole.
    if (read === null) return;
    const { body, encoding } = read;
    if (isEndpoint || path.startsWith("/.well-known/") || path === "/jwks")
      requests.push({ method, path, body, encoding });
    const isRefresh = path === "/token" && body["grant_type"] === "refresh_token";
    if (isRefresh) ledger.refreshes++;

    const fault = takeFault(path) ?? (isRefresh ? troubles.get(body["refresh_token"] ?? "") : null) ?? null;
    if (fault !== null && !isLate(fault)) {
      return fail(response, fault, (status) => ({ status, body: { error: { type: "a_fault", message: vendorText } } }));
    }
    const reply = devices?.answer(`${method} ${path}`, url, body) ?? null;
    if (reply !== null) return send(response, reply);
    if (path.startsWith("/token") && encoding !== null) {
      if (encoding !== dialect.requests) return send(response, { status: 400, body: { error: "invalid_request" } });
      const onTokens = (answer: Answer) => void answers.push(answer);
      const filter = {
        dialect,
        tokens: path === "/token",
        fault,
        overrides: server.tokenOverrides,
        form: server.tokenForm,
        onTokens,
      };
      if (isRefresh) return refresh(request, response, body["refresh_token"] ?? "", filter);
      filterAnswer(response, filter);
    }
    return handleOidc(request, response);
  }

  function refresh(
    request: IncomingMessage,
    response: ServerResponse,
    refreshToken: string,
    filter: Filter,
  ): Promise<void> {
    return ledger.inTurn(refreshToken, async () => {
      const repeated = await ledger.repeat(refreshToken);
      if (repeated === null) {
        filterAnswer(response, { ...filter, held: () => ledger.held(refreshToken) });
        return handleOidc(request, response);
      }
      filterAnswer(response, filter);
      response.setHeader("content-type", "application/json; charset=utf-8").end(JSON.stringify(repeated));
    });
  }

  const server: AuthorizationServer = {
    issuer,
    clientId,
    clientSecret: dialect.clientSecret,
    user: { decision: "approve", name: "alice" },
    requests,
    answers,
    oracle: ledger,
    tokenOverrides: {},
    tokenForm: null,
    troubles,
    next: (path, fault) => void faults.push({ path, fault }),
    environment(provider) {
      const prefix = `${provider.toUpperCase()}_OAUTH`;
      return {
        [`${prefix}_CLIENT_ID`]: clientId,
        ...(dialect.clientSecret === null ? {} : { [`${prefix}_CLIENT_SECRET`]: dialect.clientSecret }),
        [`${prefix}_ISSUER`]: issuer,
        [`${prefix}_AUTHORIZATION_URL`]: `${issuer}/auth`,
        [`${prefix}_TOKEN_URL`]: `${issuer}/token`,
        [`${prefix}_REVOCATION_URL`]: `${issuer}/token/revocation`,
        [`${prefix}_DEVICE_URL`]: `${issuer}${dialect.codeDevice ? "/api/accounts/deviceauth/usercode" : "/device/auth"}`,
      };
    },
    async [Symbol.asyncDispose]() {
      http.close();
      http.closeAllConnections();
      await once(http, "close");
    },
  };
  return server;
}
