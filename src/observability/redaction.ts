import { AuthError } from "../errors/auth-error.ts";

const redacted = "[redacted]";
const maxTextLength = 2_000;
const maxItems = 100;
const maxDepth = 8;

/** Names whose values are never shown, wherever they stand, in whatever case, with or without `-` and `_`. */
const secretNames = new Set([
  "accesstoken",
  "apikey",
  "authorization",
  "body",
  "clientsecret",
  "codeverifier",
  "connectionstring",
  "cookie",
  "credentials",
  "devicecode",
  "headers",
  "idtoken",
  "oauthcode",
  "password",
  "refreshtoken",
  "secret",
  "secrets",
  "setcookie",
  "token",
  "variables",
  "xapikey",
  "xgoogapikey",
]);

/**
 * Shapes of secrets in texts. They leave a JSON text one, and each takes time in proportion to the text: what may be
 * long begins where nothing else does.
 */
const secretShapes: readonly (readonly [RegExp, string])[] = [
  [/\b([sprw]k)-[\w-]{6,}/g, `$1-${redacted}`],
  [/\bAIza[\w-]{10,}/g, redacted],
  [/\bAQ\.[\w-]{10,}/g, redacted],
  [/\bya29\.[\w.-]{6,}/g, redacted],
  [/\b1\/\/[\w-]{10,}/g, redacted],
  // RFC 7519; also when it is cut short.
  [/\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g, redacted],
  // RFC 9110, section 11.4.
  [/\b(Bearer|Basic) +[\w.~+/=-]{6,}/gi, `$1 ${redacted}`],
  // The user information of a URL: a database's password stands there.
  [/(\b[a-z][a-z\d+.-]{0,20}:\/\/)[^\s/@"'\\]{1,300}@/gi, `$1${redacted}@`],
  [
    /\b(code|state|token|access_token|refresh_token|id_token|client_secret|code_verifier|device_code|password|api_?key|key)=[^\s&"'\\]{6,}/gi,
    `$1=${redacted}`,
  ],
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^"]{0,10000}?-----END [A-Z ]{0,30}PRIVATE KEY-----/g, redacted],
];

/** A text without what looks like a secret. It is the last line of defence: nothing should have put one there. */
export function maskSecrets(text: string): string {
  return secretShapes.reduce((shown, [shape, replacement]) => shown.replaceAll(shape, replacement), text);
}

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

/** Lines of the message, which stand before the frames and may stand between them, are left out. */
function framesOf({ stack = "" }: Error): string {
  const lines = stack.split("\n").filter((line) => /^ {4}at /.test(line));
  return lines.join("\n");
}

/**
 * PostgreSQL repeats values: a whole row in the detail that MikroORM appends to its message, and in the message itself
 * the one that it cannot read.
 */
function withoutValues(message: string): string {
  return message.replace(/\n - detail: .*/s, "").replaceAll(/: ".*"/gs, ': "[hidden]"');
}

/**
 * What is shown of an error: of a cause only its class and code, since a cause may hold what a provider or a driver
 * repeated of the request.
 */
export function describeError(error: unknown, isCause = false): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: "[not an Error]" };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: isCause ? "[hidden]" : shorten(withoutValues(error.message)),
    ...(typeof code === "string" ? { code } : {}),
    ...(isCause || error instanceof AuthError || error.stack === undefined ? {} : { stack: framesOf(error) }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause, true) }),
  };
}

/** An unforeseen failure as a text for a terminal. It has no more in it than a line of the log. */
export function describeFailure(error: unknown): string {
  const { type, message, stack, cause } = describeError(error);
  const causes = [];
  for (let next = cause; next !== undefined; next = next.cause) {
    causes.push(`caused by ${next.type}${next.code === undefined ? "" : ` (${next.code})`}`);
  }
  return maskSecrets([`${type}: ${message}`, ...causes, ...(stack === undefined ? [] : [stack])].join("\n"));
}

/** A value as it may be logged: without what stands under the name of a secret, at any depth, and not too large. */
export function redact(value: unknown, ancestors: readonly object[] = []): unknown {
  if (typeof value === "string") return shorten(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return describeError(value);
  // Bytes may be a key, or a secret as it was read.
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (ancestors.includes(value)) return "[circular]";
  if (ancestors.length >= maxDepth) return "[too deep]";
  const path = [...ancestors, value];
  if ("toJSON" in value && typeof value.toJSON === "function") return redact(value.toJSON(), path);
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => redact(item, path));
  if (value instanceof Map || value instanceof Set) return `[${value.size} items]`;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, maxItems)
      .map(([name, item]) => [name, isSecretName(name) ? redacted : redact(item, path)]),
  );
}

function isSecretName(name: string): boolean {
  return secretNames.has(name.toLowerCase().replaceAll(/[-_]/g, ""));
}

function shorten(text: string): string {
  return text.length <= maxTextLength
    ? text
    : `${text.slice(0, maxTextLength)}… (${text.length - maxTextLength} characters more)`;
}
