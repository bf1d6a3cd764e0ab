const codes = {
  400: "BAD_REQUEST",
  405: "METHOD_NOT_ALLOWED",
  406: "NOT_ACCEPTABLE",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
} as const;

/** The request cannot be an operation, whatever it asks for. The message is safe to show. */
export class RequestError extends Error {
  readonly status: keyof typeof codes;
  readonly code: (typeof codes)[keyof typeof codes];

  constructor(status: RequestError["status"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RequestError";
    this.status = status;
    this.code = codes[status];
  }
}
