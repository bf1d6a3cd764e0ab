import type { IncomingMessage, ServerResponse } from "node:http";
import type { CallerAuthentication } from "../callers/authentication.ts";
import { type Caller, CallerError } from "../callers/caller.ts";
import { RateLimitedError } from "../errors.ts";
import type { Logger } from "../observability/logger.ts";
import { bindingCookie } from "./binding-cookie.ts";
import type { ClientAddresses } from "./client-ip.ts";
import type { ConnectionLimits } from "./connection-limits.ts";
import { HeldPlaces } from "./held-places.ts";
import { acceptsAnswer, isJson } from "./media-type.ts";
import { setRateLimitHeaders } from "./rate-limit-headers.ts";
import { RequestError } from "./request-error.ts";
import { checkQueryString, readParameters } from "./request-parameters.ts";
import { sendRefusal } from "./respond.ts";
import type { UnreadWatch } from "./unread-watch.ts";
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
  readonly unread: UnreadWatch;
  readonly log: Logger;
}

const maxBodyBytes = 100_000;

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
 * is UTF-8, it would make a third. What cannot be one id is left as the list that it is.
 */
function readUserId(values: string[] | undefined): unknown {
  if (values?.length !== 1) return values;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(values[0]!, "latin1"));
  } catch {
    return values;
  }
}

function isEventStream(response: ServerResponse): boolean {
  return response.getHeader("content-type") === "text/event-stream";
}

/** `POST /graphql`, and GET where it is asked for. It refuses what it can before GraphQL sees anything. */
export class GraphQLEndpoint implements Disposable {
  readonly #options: GraphQLEndpointOptions;
  readonly #open = new Set<ServerResponse>();
  readonly #streams: HeldPlaces;

  constructor(options: GraphQLEndpointOptions) {
    this.#options = options;
    this.#streams = new HeldPlaces(options.limits.streamsPerUser);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open.add(response);
    response.once("close", () => this.#open.delete(response));
    this.#cutIfUnread(request, response);
    try {
      this.#checkForm(request);
      const caller = await this.#authenticate(request, response);
      if (caller === null) return;
      // Yoga takes parameters that are already read from `request.body`. It wants the type to the letter, and the host
      // for a URL: one that makes none would be answered with a stack trace.
      if (request.method === "POST") Object.assign(request, { body: await readParameters(request, maxBodyBytes) });
      Object.assign(request.headers, { "content-type": "application/json", host: "localhost" });
      const bindBrowser = (flowId: string, binding: string) => {
        response.appendHeader("set-cookie", bindingCookie(flowId, binding, this.#options.isSecure));
      };
      const takeStream = () => this.#takeStream(caller, response);
      const onRateLimited = (error: RateLimitedError) => setRateLimitHeaders(response, error);
      await this.#options.yoga.handle(request, response, { caller, bindBrowser, takeStream, onRateLimited });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      // What the client still sends is let through: cut off while it writes, it would never read the answer.
      request.resume();
      if (error.status === 405) response.setHeader("allow", this.#options.getQueries ? "GET, POST" : "POST");
      sendRefusal(response, error.status, error.code, error.message);
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
    const giveBack = this.#streams.take(caller);
    if (giveBack === null) return false;
    if (response.closed) giveBack();
    else response.once("close", giveBack);
    return true;
  }

  /** Whoever comes back after a cut subscribes after the last cursor; an end in good order could not get through. */
  #cutIfUnread(request: IncomingMessage, response: ServerResponse): void {
    const { unread, log } = this.#options;
    const endWatch = unread.watch(request.socket, () => {
      log.info("a response is cut: its client reads nothing");
      response.destroy();
    });
    response.once("close", endWatch);
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
