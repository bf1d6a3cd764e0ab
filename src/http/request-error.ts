const codes = {
  400: "BAD_REQUEST",
  405: "METHOD_NOT_ALLOWED",
  406: "NOT_ACCEPTABLE",
  408: "REQUEST_TIMEOUT",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  429: "TOO_MANY_REQUESTS",
  431: "HEADERS_TOO_LARGE",
} as const;

interface RequestErrorOptions extends ErrorOptions {
  /** A narrower code than that of the status. */
  readonly code?: "JSON_LIMIT_EXCEEDED";
  /** What the refusal says beside its code, such as the limit. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The request cannot be an operation, whatever it asks for. The message is safe to show. */
export class RequestError extends Error {
  readonly status: keyof typeof codes;
  readonly code: (typeof codes)[keyof typeof codes] | "JSON_LIMIT_EXCEEDED";
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(
    status: RequestError["status"],
    message: string,
    { extensions = {}, code, ...options }: RequestErrorOptions = {},
  ) {
    super(message, options);
    this.name = "RequestError";
    this.status = status;
    this.code = code ?? codes[status];
    this.extensions = extensions;
  }
}
