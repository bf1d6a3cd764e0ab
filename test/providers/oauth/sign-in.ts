import { randomBytes } from "node:crypto";
import { loadConfig } from "../../../src/config/config.ts";
import { AuthError } from "../../../src/errors/auth-error.ts";
import { systemClock, type Clock } from "../../../src/lib/clock.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { HttpClient } from "../../../src/providers/http-client.ts";
import type {
  OAuthCodeExchange,
  OAuthCredentials,
  OAuthFlowKind,
  OAuthFlowRequest,
  ProviderAuth,
  ProviderCredentials,
} from "../../../src/providers/provider-auth.ts";
import type { ProviderDefinition } from "../../../src/providers/provider-definition.ts";
import { ProviderHealth } from "../../../src/providers/provider-health.ts";
import { loadCatalog } from "../../../src/providers/registry.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../../support/authorization-server.ts";
import { Browser } from "../../support/authorization-server/browser.ts";
import type { AuthorizationServerKind } from "../../support/authorization-server/dialect.ts";
import { testEnvironment } from "../../support/test-app.ts";

export const loopbackUri = "http://127.0.0.1:9/auth/callback";

interface ProviderOptions {
  readonly clock?: Clock;
  readonly http?: HttpClient;
}

/** A provider whose settings come from these variables. */
export function createProvider(
  definition: ProviderDefinition,
  environment: Readonly<Record<string, string>>,
  { clock = systemClock, http = new HttpClient() }: ProviderOptions = {},
): ProviderAuth {
  const config = loadConfig([definition], { ...testEnvironment, ...environment });
  const settings = config.providers.get(definition.name)!;
  return definition.create({
    http,
    health: new ProviderHealth(clock),
    settings,
    clock,
  });
}

export async function catalogEntry(name: string): Promise<ProviderDefinition> {
  const definition = (await loadCatalog()).find((entry) => entry.name === name);
  if (definition === undefined) throw new Error(`the catalogue has no ${name}`);
  return definition;
}

/** A vendor's authorization server, and the provider that uses it. */
export interface Stage extends AsyncDisposable {
  readonly server: AuthorizationServer;
  readonly provider: ProviderAuth;
}

interface StageOptions {
  readonly clock?: Clock;
  /** Milliseconds for an answer. */
  readonly deadlineMs?: number;
}

export async function setStage(
  kind: AuthorizationServerKind,
  { clock = systemClock, deadlineMs = 10_000 }: StageOptions = {},
): Promise<Stage> {
  const server = await startAuthorizationServer(kind);
  const http = new HttpClient({ deadlineMs });
  const provider = createProvider(await catalogEntry(kind), server.environment(kind), { clock, http });
  return {
    server,
    provider,
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const random = () => randomBytes(32).toString("base64url");

export function newFlow(kind: OAuthFlowKind = "loopback", changes: Partial<OAuthFlowRequest> = {}): OAuthFlowRequest {
  return {
    kind,
    redirectUri: kind === "loopback" || kind === "redirect" ? loopbackUri : null,
    scopes: null,
    state: random(),
    nonce: random(),
    codeVerifier: new Secret(random()),
    ...changes,
  };
}

/** What a callback brought, and what the flow remembers. */
export function toExchange({ state, nonce, codeVerifier }: OAuthFlowRequest, callback: URL): OAuthCodeExchange {
  const { searchParams } = callback;
  return {
    code: new Secret(searchParams.get("code") ?? ""),
    state: searchParams.get("state") ?? state,
    issuer: searchParams.get("iss"),
    redirectUri: `${callback.origin}${callback.pathname}`,
    codeVerifier,
    nonce,
  };
}

/** Lets the user approve. @returns what is to be exchanged. */
export async function approve(provider: ProviderAuth, flow = newFlow()): Promise<OAuthCodeExchange> {
  const { authorizationUrl } = await provider.initiateOAuthFlow(flow);
  return toExchange(flow, await new Browser().authorize(authorizationUrl!));
}

export function expectOAuth(credentials: ProviderCredentials): OAuthCredentials {
  if (credentials.method !== "oauth") throw new Error("these are not OAuth credentials");
  return credentials;
}

export async function signIn(provider: ProviderAuth, flow = newFlow()): Promise<OAuthCredentials> {
  return expectOAuth(await provider.exchangeOAuthCode(await approve(provider, flow)));
}

/** The refusal that a call ends with. */
export async function refusal(call: Promise<unknown>): Promise<AuthError> {
  const error = await call.then(
    () => new Error("the call was not refused"),
    (error: unknown) => error,
  );
  if (error instanceof AuthError) return error;
  throw error;
}
