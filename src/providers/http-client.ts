import { Agent, errors, request } from "undici";

export interface OutboundRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface OutboundResponse {
  readonly status: number;
  readonly body: string;
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
  /** Bytes of an answer's body. */
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
  async send({ url, signal, ...message }: OutboundRequest): Promise<OutboundResponse> {
    const deadline = AbortSignal.timeout(this.#options.deadlineMs);
    try {
      const response = await request(url, {
        ...message,
        dispatcher: this.#agent,
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      });
      return {
        status: response.statusCode,
        body: await response.body.text(),
        contentType: readMediaType(response.headers["content-type"]),
        retryAfter: readRetryAfter(response.headers["retry-after"], Date.now()),
      };
    } catch (error) {
      // Not the provider's failure, so it must not look like one.
      signal?.throwIfAborted();
      const options = { cause: error, mayHaveArrived: !isConnectFailure(error) };
      if (deadline.aborted) throw new NoAnswerError("timeout", options);
      const reason = error instanceof errors.ResponseExceededMaxSizeError ? "too_large" : "unreachable";
      throw new NoAnswerError(reason, options);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}
