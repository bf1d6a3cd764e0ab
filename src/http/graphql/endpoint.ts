import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { CallerAuthentication } from "../../callers/authentication.ts";
import { type Caller, CallerError } from "../../callers/caller.ts";
import { HeldPlaces, holderOf } from "../../callers/held-places.ts";
import { RateLimitedError } from "../../errors/auth-error.ts";
import { bindingCookie } from "../callback/binding-cookie.ts";
import type { ClientAddresses } from "../client-ip.ts";
import type { Anteroom } from "../connections/anteroom.ts";
import { type ConnectionLimits, requestBounds } from "../connections/connection-limits.ts";
import { acceptsAnswer, isJson, isStream } from "../media-type.ts";
import { setRateLimitHeaders } from "../rate-limit-headers.ts";
import { RequestBody } from "../request-body.ts";
import { RequestError } from "../request-error.ts";
import { sendRefusal } from "../respond.ts";
import type { OperationLog, OperationRecord } from "./operation-log.ts";
import { checkQueryString, readParameters } from "./request-parameters.ts";
import { Turns } from "./turns.ts";
import type { Yoga } from "./yoga.ts";

export interface GraphQLEndpointOptions {
  readonly yoga: Yoga;
  readonly authentication: CallerAuthentication;
  readonly addresses: ClientAddresses;
  /** Whether queries may come by GET. */
  readonly getQueries: boolean;
  /** Whether browsers reach this server by https. */
  readonly isSecure: boolean;
  readonly limits: ConnectionLimits;
  readonly unknown: Anteroom<Socket>;
  /** Null where operations have no lines in the log. */
  readonly operationLog: OperationLog | null;
}

const statusOf: Record<CallerError["code"], number> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  INSUFFICIENT_USER_AUTHENTICATION: 401,
  IDENTITY_PROVIDER_UNAVAILABLE: 503,
};

/** RFC 6750, section 3. */
function refuseCaller(response: ServerResponse, error: CallerError, hasToken: boolean): void {
  const problem = error.code === "FORBIDDEN" ? "insufficient_scope" : "invalid_token";
  if (statusOf[error.code] !== 503) {
    response.setHeader(
      "www-authenticate",
      hasToken ? `Bearer realm="maestro-auth", error="${problem}"` : 'Bearer realm="maestro-auth"',
    );
  }
  sendRefusal(response, statusOf[error.code], error.code, error.message);
}

/** Of two tokens Node would take the first, and a proxy that checks tokens perhaps the other: they are none. */
function readAuthorization(values: string[] | undefined): unknown {
  return values?.length === 1 ? values[0] : values;
}

/**
 * Node makes one text of a header that came twice, and reads every header as Latin-1: of two users, or of one whose id
 * is UTF-8, it would make a third. A list, or bytes that are not UTF-8, cannot be one id, and are handed on as they
 * are.
 */
function readUserId(values: string[] | undefined): unknown {
  if (values?.length !== 1) return values;
  const bytes = Buffer.from(values[0]!, "latin1");
  return isUtf8(bytes) ? bytes.toString() : bytes;
}

/** Of a caller who has been answered already. */
function refuseBody({ socket }: IncomingMessage, body: RequestBody | null): void {
  body?.discard();
  // Nothing more is read, and the answer did not say so.
  if (body?.endsConnection === true) socket.destroySoon();
}

function isEventStream(response: ServerResponse): boolean {
  return isStream(response.getHeader("content-type"));
}

/** How many operations begin in one turn of the event loop; each takes it for a millisecond or so. */
const operationsPerTurn = 4;

/** `POST /graphql`, and GET where it is asked for. It refuses what it can before GraphQL sees anything. */
export class GraphQLEndpoint implements Disposable {
  readonly #options: GraphQLEndpointOptions;
  readonly #open = new Set<ServerResponse>();
  readonly #streams: HeldPlaces;
  readonly #bodies: HeldPlaces;
  readonly #turns = new Turns(operationsPerTurn);

  constructor(options: GraphQLEndpointOptions) {
    this.#options = options;
    this.#streams = new HeldPlaces(options.limits.streamsPerUser);
    this.#bodies = new HeldPlaces(options.limits.bodiesPerUser);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open.add(response);
    response.once("close", () => this.#open.delete(response));
    const body = request.method === "POST" ? this.#takeBody(request) : null;
    let operation: OperationRecord | undefined;
    try {
      this.#checkForm(request);
      const caller = await this.#authenticate(request, response);
      if (caller === null) return refuseBody(request, body);
      this.#options.unknown.leave(request.socket);
      operation = this.#beginRecord(caller, response);
      // Yoga takes parameters that are already read from `request.body`. It wants the type to the letter, and the host
      // for a URL: one that makes none would be answered with a stack trace.
      if (body !== null) Object.assign(request, { body: readParameters(await this.#readBody(body, caller)) });
      Object.assign(request.headers, { "content-type": "application/json", host: "localhost" });
      const bindBrowser = (flowId: string, binding: string) => {
        response.appendHeader("set-cookie", bindingCookie(flowId, binding, this.#options.isSecure));
      };
      const takeStream = () => this.#takeStream(caller, response);
      const onRateLimited = (error: RateLimitedError) => setRateLimitHeaders(response, error);
      await this.#turns.take();
      await this.#options.yoga.handle(request, response, { caller, bindBrowser, takeStream, onRateLimited, operation });
    } catch (error) {
      operation?.failed(error instanceof RequestError ? error.code : "INTERNAL_SERVER_ERROR");
      if (!(error instanceof RequestError)) throw error;
      body?.discard();
      if (error.status === 405) response.setHeader("allow", this.#options.getQueries ? "GET, POST" : "POST");
      if (body?.endsConnection === true) response.setHeader("connection", "close");
      sendRefusal(response, error.status, error.code, error.message, error.extensions);
    }
  }

  #beginRecord(caller: Caller, response: ServerResponse): OperationRecord | undefined {
    const operation = this.#options.operationLog?.begin(caller);
    response.once("close", () => {
      operation?.end(response.headersSent ? response.statusCode : null, isEventStream(response) ? "sse" : "http");
    });
    return operation;
  }

  #takeBody(request: IncomingMessage): RequestBody {
    const { bodyBytes: bytes, bodyPieces: pieces } = requestBounds;
    return new RequestBody(request, { bytes, pieces, deadlineMs: this.#options.limits.bodyMs });
  }

  /**
   * Most bodies are whole by now, or small. @throws RequestError also where too many of the caller's are on their way.
   */
  async #readBody(body: RequestBody, caller: Caller): Promise<Buffer> {
    if (body.isComplete || body.isSmall) return body.read();
    const { bodiesPerUser: limit } = this.#options.limits;
    const giveBack = this.#bodies.take(holderOf(caller));
    if (giveBack === null) {
      const message = `${limit} requests of this user have bodies that are on their way, which is the limit.`;
      throw new RequestError(429, message, { extensions: { limit } });
    }
    try {
      return await body.read();
    } finally {
      giveBack();
    }
  }

  /** How many event streams are open. */
  get openStreams(): number {
    return [...this.#open].filter(isEventStream).length;
  }

  /** Cuts the open event streams: a client takes an end for the end of the subscription, and comes back after a cut. */
  [Symbol.dispose](): void {
    for (const response of this.#open) if (isEventStream(response)) response.destroy();
  }

  #takeStream(caller: Caller, response: ServerResponse): boolean {
    const giveBack = this.#streams.take(holderOf(caller));
    if (giveBack === null) return false;
    if (response.closed) giveBack();
    else response.once("close", giveBack);
    return true;
  }

  /** @throws RequestError for what no authorization would make an operation. */
  #checkForm({ method, headers, url = "" }: IncomingMessage): void {
    const isPost = method === "POST";
    if (!isPost && !(this.#options.getQueries && method === "GET")) {
      throw new RequestError(405, "Send operations by POST.");
    }
    // A browser sends other types without asking first (no CORS preflight), so only JSON is taken: no page of another
    // origin can make one call this endpoint.
    if (isPost && !isJson(headers["content-type"])) {
      throw new RequestError(415, "Send `content-type: application/json` in UTF-8.");
    }
    // A small body could become a large one (RFC 9110, section 8.4).
    if (isPost && headers["content-encoding"] !== undefined) {
      throw new RequestError(415, "Send the body as it is, without `content-encoding`.");
    }
    if (!acceptsAnswer(headers.accept)) {
      throw new RequestError(406, "Accept `application/graphql-response+json`, or `text/event-stream`.");
    }
    if (!isPost) checkQueryString(url);
  }

  async #authenticate(request: IncomingMessage, response: ServerResponse): Promise<Caller | null> {
    const { headers, headersDistinct } = request;
    try {
      return await this.#options.authentication.authenticate({
        authorization: readAuthorization(headersDistinct["authorization"]),
        onBehalfOf: readUserId(headersDistinct["x-on-behalf-of"]),
        ip: this.#options.addresses.of(request),
        userAgent: headers["user-agent"] ?? null,
      });
    } catch (error) {
      if (error instanceof RateLimitedError) {
        setRateLimitHeaders(response, error);
        sendRefusal(response, 429, error.code, error.message, { retryAfter: error.retryAfter });
        return null;
      }
      if (!(error instanceof CallerError)) throw error;
      refuseCaller(response, error, headers.authorization !== undefined);
      return null;
    }
  }
}
