import type { OutboundResponse } from "../http-client.ts";
import { type Json, parseJsonObject, readProviderError } from "../provider-error.ts";

/** An answer that says nothing about the grant: an outage, a page for people, a redirect. */
export class UnusableAnswerError extends Error {
  readonly status: number;
  /** Seconds. */
  readonly retryAfter: number | null;
  /** See OutboundResponse. */
  readonly undecoded: string | null;
  /** An endpoint's own answer, and not the page of a firewall or a proxy: its body is empty or a JSON object. */
  readonly isOwn: boolean;
  /** The error codes of its body. */
  readonly codes: readonly string[];

  constructor({ status, contentType, retryAfter, body, undecoded }: OutboundResponse) {
    const { codes, message } = readProviderError(body);
    const coding = undecoded === null ? "" : `, content encoding ${undecoded} that could not be decoded`;
    super(
      `status ${status}, ${contentType ?? "no content type"}${coding}: ${codes.join(", ")}: ${message?.slice(0, 300) ?? ""}`,
    );
    this.name = "UnusableAnswerError";
    this.status = status;
    this.retryAfter = retryAfter;
    this.undecoded = undecoded;
    this.codes = codes;
    this.isOwn = body.trim() === "" || parseJsonObject(body) !== null;
  }
}

/** An answer that claims success and cannot be right. */
export class MalformedAnswerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MalformedAnswerError";
  }
}

/**
 * A lifetime in whole seconds, however it is written: a number, its digits, or with the unit as in "3600s" (the form of
 * Google's `Duration`). A time that has passed is 0. Undefined where nothing can be read, as if it were absent.
 */
function readLifetime(value: unknown): number | undefined {
  const text = typeof value === "string" ? value.trim().replace(/s$/i, "") : "";
  const seconds =
    typeof value === "number" ? value : /^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.floor(seconds), 0), Number.MAX_SAFE_INTEGER);
}

/**
 * An access token travels in a header, so it may have visible ASCII only (RFC 6750, section 2.1; RFC 9110, section
 * 5.5). White space around it is no part of it.
 */
function readAccessToken(value: unknown): string | undefined {
  const token = typeof value === "string" ? value.trim() : "";
  return /^[\x21-\x7e]{1,16384}$/.test(token) ? token : undefined;
}

/**
 * A refresh token travels in a body, where spaces are allowed too (RFC 6749, appendix A.17). One that is empty is none.
 */
function readRefreshToken(value: unknown): string | undefined {
  const token = typeof value === "string" ? value.trim() : "";
  return /^\P{C}{1,16384}$/u.test(token) ? token : undefined;
}

/** Texts in a list or in one text, between spaces or, as GitHub writes them, commas. Undefined where there is none. */
function readScope(value: unknown): string | undefined {
  const texts = (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string");
  const scopes = texts.flatMap((text) => text.split(/[\s,]+/)).filter((scope) => scope !== "");
  return scopes.length === 0 ? undefined : scopes.join(" ");
}

/**
 * Types of tokens that prove the possession of a key or are no access tokens (RFC 9449, section 5; RFC 8693, section
 * 2.2.1): no header that this server can make is accepted with them. Any other word is taken for one of the many that
 * stand for "Bearer", such as Apigee's "BearerToken"
 * (https://docs.apigee.com/api-platform/reference/policies/oauthv2-policy#non-rfc-compliant-behavior).
 */
const unusableType = /^(mac|hmac|pop|dpop|n_a)(?![a-z])/i;

/** Whether an answer holds an access token that can be used, which makes it a success whatever else is in it. */
export function hasAccessToken(json: Json): boolean {
  return readAccessToken(json["access_token"]) !== undefined;
}

/**
 * Brings a token endpoint's success into the form of RFC 6749, section 5.1. These tokens may be the only copy, so that
 * no other member can cost them: what cannot be read is left out.
 * @throws MalformedAnswerError where there is no access token that can be used.
 */
export function adaptTokens(json: Json): Json {
  const accessToken = readAccessToken(json["access_token"]);
  if (accessToken === undefined) {
    throw new MalformedAnswerError(
      "access_token is missing, too long, or has characters that cannot travel in a header",
    );
  }
  const { token_type: type, id_token: idToken } = json;
  if (typeof type === "string" && unusableType.test(type.trim())) {
    throw new MalformedAnswerError("token_type is one that needs a key which this server does not have");
  }
  return {
    ...json,
    access_token: accessToken,
    token_type: "Bearer",
    scope: readScope(json["scope"]),
    expires_in: readLifetime(json["expires_in"]),
    refresh_token: readRefreshToken(json["refresh_token"]),
    id_token: typeof idToken === "string" ? idToken : undefined,
  };
}

/** An error in the form of RFC 6749, section 5.2, of whichever shape; null where the body names none. */
export function adaptError(json: Json, known: (code: string) => boolean): Json | null {
  const { codes, message } = readProviderError(JSON.stringify(json));
  // Types stand before the codes and reasons that say more.
  const error = codes.find((code) => known(code)) ?? codes.findLast((code) => code !== "");
  return error === undefined ? null : { error, error_description: message ?? undefined };
}

/** Deeper values would exhaust the stack when they are written again, and nothing that anybody reads stands there. */
function isShallow(value: unknown, levels = 16): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((item) => isShallow(item, levels - 1));
}

function withoutDeepMembers(json: Json): Json {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => isShallow(value)));
}

/**
 * The form that GitHub answers in unless it is asked for JSON, and by default
 * (https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps). Null for any other text.
 */
function parseForm(body: string): Json | null {
  const text = body.trim();
  if (!/^[\w.~%+*&=-]+$/.test(text)) return null;
  const form = Object.fromEntries(new URLSearchParams(text));
  return "access_token" in form || "error" in form ? form : null;
}

/**
 * The JSON object of an answer. Its content type is not looked at: vendors label tokens as text
 * (https://github.com/panva/oauth4webapi/pull/155), and what is no JSON shows by itself.
 * @throws UnusableAnswerError for anything else, and for anything that is no plain answer.
 */
export function readJsonAnswer(response: OutboundResponse): Json {
  const { status, body } = response;
  const isAnswer = (status >= 200 && status < 300) || (status >= 400 && status < 500 && status !== 429);
  const json = isAnswer ? (parseJsonObject(body) ?? parseForm(body)) : null;
  if (json === null) throw new UnusableAnswerError(response);
  return withoutDeepMembers(json);
}
