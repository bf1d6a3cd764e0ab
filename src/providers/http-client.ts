import { Agent, type Dispatcher, errors, request } from "undici";
import { BoundedBytes } from "../lib/bounded-bytes.ts";
import { acceptedCodings, decodeContent, decodeText, isTooLarge } from "./content-coding.ts";
import { parseJsonObject } from "./provider-error.ts";

export interface OutboundRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface OutboundResponse {
  readonly status: number;
  /** Unpacked, without a byte order mark. */
  readonly body: string;
  /** The content coding that could not be undone, so that `body` is hardly a text; null as a rule. */
  readonly undecoded: string | null;
  /** The media type in lower case, without parameters; null where the answer names none. */
  readonly contentType: string | null;
  /** Seconds, from `Retry-After` (RFC 9110, section 10.2.3); null where the answer has none that can be read. */
  readonly retryAfter: number | null;
}

/** No answer came that could be read. `cause` has the details. */
export class NoAnswerError extends Error {
  readonly reason: "timeout" | "too_large" | "unreachable";
  /** `false`: no connection came about, so the request can have had no effect. `true`: nobody knows. */
  readonly mayHaveArrived: boolean;

  constructor(reason: NoAnswerError["reason"], options: ErrorOptions & { readonly mayHaveArrived: boolean }) {
    super(`No usable answer: ${reason}.`, options);
    this.name = "NoAnswerError";
    this.reason = reason;
    this.mayHaveArrived = options.mayHaveArrived;
  }
}

const connectFailures = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function isConnectFailure(error: unknown): boolean {
  return error instanceof Error && "code" in error && connectFailures.has(String(error.code));
}

export interface HttpClientOptions {
  /** Milliseconds for a whole exchange. */
  readonly deadlineMs: number;
  /** Bytes of an answer's body, as it comes and as it is unpacked. */
  readonly maxBodyBytes: number;
}

const defaults: HttpClientOptions = { deadlineMs: 10_000, maxBodyBytes: 1_048_576 };

/** At most a day. A time that has passed is 0. */
function readRetryAfter(value: string | string[] | undefined, now: number): number | null {
  if (typeof value !== "string") return null;
  // Date.parse alone finds a date in almost anything: to it, "-5" is a day in May 2001.
  const date = /^[A-Z][a-z]+, .+ GMT$/.test(value) ? Date.parse(value) : Number.NaN;
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((date - now) / 1000);
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), 86_400);
}

function readMediaType(value: string | string[] | undefined): string | null {
  return typeof value === "string" ? value.split(";", 1)[0]!.trim().toLowerCase() : null;
}

/** What came of a body, and why there was no more of it: null where it came to its end. */
interface ReceivedBody {
  readonly bytes: Buffer;
  readonly cut: Error | null;
}

/** The agent bounds the bytes; however small their pieces are, they come to no more in memory. */
async function receive(body: Dispatcher.ResponseData["body"], maxBytes: number): Promise<ReceivedBody> {
  const received = new BoundedBytes({ bytes: maxBytes, pieces: Number.POSITIVE_INFINITY });
  let cut: Error | null = null;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) received.add(piece);
  } catch (error) {
    cut = error as Error;
  }
  return { bytes: received.bytes, cut };
}

/** All calls to providers: connections are kept alive, redirects are not followed, and size and time are bounded. */
export class HttpClient implements AsyncDisposable {
  readonly #options: HttpClientOptions;
  readonly #agent: Agent;

  constructor(options: Partial<HttpClientOptions> = {}) {
    this.#options = { ...defaults, ...options };
    this.#agent = new Agent({
      connect: { timeout: 5_000 },
      // Shorter than servers keep an idle connection: a request that crosses its end may or may not have arrived.
      keepAliveTimeout: 4_000,
      connections: 64,
      maxResponseSize: this.#options.maxBodyBytes,
    });
  }

  /** @throws NoAnswerError, or the signal's reason once the caller has given up. */
  async send({ url, signal, headers, ...message }: OutboundRequest): Promise<OutboundResponse> {
    const deadline = AbortSignal.timeout(this.#options.deadlineMs);
    try {
      const response = await request(url, {
        ...message,
        headers: { "accept-encoding": acceptedCodings, ...headers },
        dispatcher: this.#agent,
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      });
      return {
        status: response.statusCode,
        ...(await this.#readBody(response, signal)),
        contentType: readMediaType(response.headers["content-type"]),
        retryAfter: readRetryAfter(response.headers["retry-after"], Date.now()),
      };
    } catch (error) {
      // Not the provider's failure, so it must not look like one.
      signal?.throwIfAborted();
      const options = { cause: error, mayHaveArrived: !isConnectFailure(error) };
      const isLarge = error instanceof errors.ResponseExceededMaxSizeError || isTooLarge(error);
      if (isLarge) throw new NoAnswerError("too_large", options);
      throw new NoAnswerError(deadline.aborted ? "timeout" : "unreachable", options);
    }
  }

  async #readBody(
    { body, headers }: Dispatcher.ResponseData,
    signal: AbortSignal | undefined,
  ): Promise<Pick<OutboundResponse, "body" | "undecoded">> {
    const { bytes, cut } = await receive(body, this.#options.maxBodyBytes);
    signal?.throwIfAborted();
    if (cut instanceof errors.ResponseExceededMaxSizeError) throw cut;
    const { content, undecoded } = await decodeContent(bytes, headers["content-encoding"], this.#options.maxBodyBytes);
    const text = decodeText(content);
    // Where the length is wrong or the connection ends too soon, an object that has come to its end is whole all the
    // same.
    if (cut !== null && parseJsonObject(text) === null) throw cut;
    return { body: text, undecoded };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}
