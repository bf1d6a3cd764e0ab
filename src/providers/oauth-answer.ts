import type { OutboundResponse } from "./http-client.ts";
import { type Json, parseJsonObject, readProviderError } from "./provider-error.ts";

/** An answer that says nothing about the grant: an outage, a page for people, a redirect. */
export class UnusableAnswerError extends Error {
  readonly status: number;
  /** Seconds. */
  readonly retryAfter: number | null;

  constructor({ status, contentType, retryAfter, body }: OutboundResponse) {
    const { codes, message } = readProviderError(body);
    super(
      `status ${status}, ${contentType ?? "no content type"}: ${codes.join(", ")}: ${message?.slice(0, 300) ?? ""}`,
    );
    this.name = "UnusableAnswerError";
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** An answer that claims success and cannot be right. */
export class MalformedAnswerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MalformedAnswerError";
  }
}

const tenYears = 10 * 365.25 * 86_400;

/** A lifetime in seconds, as a number or in digits; undefined where there is none (RFC 6749, section 5.1). */
function readLifetime(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const seconds = typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof seconds === "number" && seconds > 0 && seconds <= tenYears) return seconds;
  throw new MalformedAnswerError("expires_in is not a number of seconds from 1 to ten years");
}

/** A token travels in a header, so it may have visible ASCII only (RFC 6750, section 2.1; RFC 9110, section 5.5). */
function checkToken(value: unknown, name: string): void {
  if (typeof value === "string" && !/^[\x21-\x7e]{1,16384}$/.test(value)) {
    throw new MalformedAnswerError(`${name} is empty, too long, or has characters that cannot travel in a header`);
  }
}

/** Brings a token endpoint's success into the form of RFC 6749, section 5.1. */
export function adaptTokens(json: Json): Json {
  const { token_type: type, scope, expires_in: expiresIn, ...rest } = json;
  for (const name of ["access_token", "refresh_token"]) checkToken(rest[name], name);
  return {
    ...rest,
    token_type: type ?? "Bearer",
    scope: Array.isArray(scope) ? scope.join(" ") : (scope ?? undefined),
    expires_in: readLifetime(expiresIn),
    refresh_token: rest["refresh_token"] ?? undefined,
    id_token: rest["id_token"] ?? undefined,
  };
}

/** An error in the form of RFC 6749, section 5.2, of whichever shape; null where the body names none. */
export function adaptError(json: Json, known: (code: string) => boolean): Json | null {
  const { codes, message } = readProviderError(JSON.stringify(json));
  const error = codes.find(known) ?? codes[0];
  return error === undefined ? null : { error, error_description: message ?? undefined };
}

/** The JSON object of an answer. @throws UnusableAnswerError for anything else, and for anything that is no plain answer. */
export function readJsonAnswer(response: OutboundResponse): Json {
  const { status, contentType, body } = response;
  const isAnswer = (status >= 200 && status < 300) || (status >= 400 && status < 500 && status !== 429);
  const isJson = contentType === "application/json" || contentType?.endsWith("+json") === true;
  const json = isAnswer && isJson ? parseJsonObject(body) : null;
  if (json === null) throw new UnusableAnswerError(response);
  return json;
}
