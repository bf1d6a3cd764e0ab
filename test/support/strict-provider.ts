import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { type AnswerForm, writeForm } from "./answer-forms.ts";
import { type Answer, send } from "./mock-provider/answer.ts";
import { anthropic } from "./mock-provider/anthropic.ts";
import { fail } from "./mock-provider/fault.ts";
import type { MintedTokens, RefreshCounts, RefreshOracle } from "./refresh-oracle.ts";
import { clientId, operatorEnvironment } from "./strict-provider/operator.ts";
import type { Outage } from "./strict-provider/outage.ts";
import { type Parameters, parseParameters } from "./strict-provider/parameters.ts";
import { refusal, tokenAnswer } from "./strict-provider/token-answer.ts";
import { TokenFamilies, type TokenLifetimes } from "./strict-provider/token-families.ts";

/** What a strict provider has counted. */
export interface StrictProviderState extends RefreshCounts {
  /**
   * Refreshes whose answer is not yet out, those of callers that hung up excepted. Without `down` or `afterRotation`
   * answers are out at once, so hardly two meet.
   */
  readonly inFlight: number;
  readonly maxInFlight: number;
  /** When refreshes arrived, as `performance.now()` of this process tells it, the oldest first. */
  readonly arrivals: readonly number[];
}

/**
 * A token endpoint that forgives nothing: every refresh token is for one use, and a second use ends its family. It
 * answers in Anthropic's wire format, takes JSON and forms, and accepts its access tokens at `GET /v1/models`. It is
 * test support for whoever writes a provider with rotation: families begin with `mint`, there is no sign-in.
 */
export class StrictProvider implements RefreshOracle, StrictProviderState, AsyncDisposable {
  readonly #http: Server;
  readonly #families: TokenFamilies;
  /** `http://127.0.0.1:<port>` */
  readonly baseUrl: string;
  readonly clientId = clientId;
  refreshes = 0;
  successes = 0;
  reuses = 0;
  inFlight = 0;
  maxInFlight = 0;
  readonly arrivals: number[] = [];
  afterRotation: RefreshOracle["afterRotation"] = null;
  /** What the token endpoint does instead from now on, until null makes it good again. */
  down: Outage | null = null;
  /** Members that replace those of successful token answers; undefined takes one away. */
  tokenOverrides: Readonly<Record<string, unknown>> = {};
  /** How successful token answers are written from now on; null: as JSON. */
  tokenForm: AnswerForm | null = null;
  /** The same for the sign-ins of single users, whose others are answered as they should be. */
  readonly troubles = new Map<string, Outage>();

  private constructor(http: Server, lifetimes: TokenLifetimes) {
    this.#http = http;
    this.#families = new TokenFamilies(lifetimes);
    this.baseUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    http.on("request", (request, response) => void this.#handle(request, response));
  }

  /** Listens on a free port of 127.0.0.1. Access tokens live an hour and there is no grace unless told otherwise. */
  static async start({ accessTokenLifetime = 3600, refreshGrace = 0 }: Partial<TokenLifetimes> = {}) {
    // Idle connections stay open: one that the server closes just as a request comes looks like a lost answer.
    const http = createServer({ keepAliveTimeout: 0 }).listen(0, "127.0.0.1");
    await once(http, "listening");
    return new StrictProvider(http, { accessTokenLifetime, refreshGrace });
  }

  async mint(user: string): Promise<MintedTokens> {
    const { accessToken, refreshToken, expiresIn } = this.#families.mint(user);
    return { accessToken, refreshToken, expiresIn };
  }

  async isCurrent(refreshToken: string): Promise<boolean> {
    return this.#families.isCurrent(refreshToken);
  }

  /** The operator's variables for a provider that is to use this server. */
  environment(provider: string): Record<string, string> {
    return operatorEnvironment(this.baseUrl, provider);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "/", headers } = request;
    const body = await text(request).catch(() => null);
    // The caller hung up before its request was whole.
    if (body === null) return;
    if (method === "POST" && url === "/v1/oauth/token") return this.#grant(parseParameters(headers, body), response);
    if (method === "POST" && url === "/v1/oauth/revoke") {
      return send(response, this.#revoke(parseParameters(headers, body)));
    }
    const call = { method, url: new URL(url, this.baseUrl), headers, body };
    send(response, anthropic.answer(call, { validKeys: new Set(), accessTokens: this.#families }));
  }

  async #grant(parameters: Parameters, response: ServerResponse): Promise<void> {
    if (parameters["grant_type"] === "refresh_token") this.#arrive(response);
    const user = this.#families.userOf(parameters["refresh_token"] ?? "");
    const down = this.down ?? this.troubles.get(user ?? "") ?? null;
    if (down?.kind === "slow") await delay(down.ms, undefined, { ref: false });
    else if (down !== null && down.kind !== "lost") return fail(response, down, anthropic.error);
    const answer = await this.#refresh(parameters);
    if (down?.kind === "lost") response.socket?.resetAndDestroy();
    else if (answer.status === 200) this.#sendTokens(response, answer);
    else send(response, answer);
  }

  #sendTokens(response: ServerResponse, answer: Answer): void {
    const body = { ...(answer.body as object), ...this.tokenOverrides };
    if (this.tokenForm === null) send(response, { ...answer, body });
    else writeForm(response, this.tokenForm(body));
  }

  #arrive(response: ServerResponse): void {
    this.refreshes++;
    this.arrivals.push(performance.now());
    this.maxInFlight = Math.max(this.maxInFlight, ++this.inFlight);
    response.once("close", () => this.inFlight--);
  }

  async #refresh(parameters: Parameters): Promise<Answer> {
    const { refresh_token: refreshToken } = parameters;
    if (parameters["client_id"] !== clientId) return refusal(401, "invalid_client");
    if (parameters["grant_type"] !== "refresh_token") return refusal(400, "unsupported_grant_type");
    if (refreshToken === undefined) return refusal(400, "invalid_request");
    const outcome = this.#families.refresh(refreshToken);
    if (outcome.kind === "reused") this.reuses++;
    if (outcome.kind === "reused" || outcome.kind === "unknown") return refusal(400, "invalid_grant");
    this.successes++;
    if (outcome.kind === "rotated") await this.afterRotation?.(refreshToken);
    return tokenAnswer(outcome.tokens);
  }

  #revoke(parameters: Parameters): Answer {
    if (parameters["client_id"] !== clientId) return refusal(401, "invalid_client");
    this.#families.revoke(parameters["token"] ?? "");
    return { status: 200, body: {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, "close");
  }
}
