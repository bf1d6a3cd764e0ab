/**
 * What a page does after a refusal:
 * - `renew`: its token is no longer accepted; ask for a new one
 * - `wait`: ask again after `seconds`, and not before
 * - `restart`: the stream cannot go on after its cursor; begin a new one
 * - `retry`: the server is away or in trouble; ask again
 * - `stop`: the same request would be refused again
 * @typedef {"renew" | "wait" | "restart" | "retry" | "stop"} Reaction
 */

/**
 * An answer of the server as far as a refusal can be read from it.
 * @typedef {{
 *   status: number,
 *   retryAfter?: string | null,
 *   errors?: readonly { message: string, extensions?: { code?: string, retryAfter?: number } }[],
 * }} RefusedAnswer
 */

/** Why the server did not do what it was asked, in words for the reader of the page. */
export class Refusal extends Error {
  /**
   * @param {Reaction} reaction
   * @param {string} message
   * @param {number} [seconds] only with `wait`
   */
  constructor(reaction, message, seconds = 0) {
    super(message);
    this.name = "Refusal";
    this.reaction = reaction;
    this.seconds = seconds;
  }
}

/** Seconds to wait where a refusal asks for a wait and names no time, and the longest that a page waits. */
const usualWait = 30;
const longestWait = 3600;

/**
 * @param {string | number | null | undefined} value of a Retry-After header: seconds or an HTTP date (RFC 9110, section 10.2.3)
 * @param {number} now in milliseconds since 1970
 * @returns {number | null} seconds, at least 1; null where nothing can be read
 */
export function readRetryAfter(value, now) {
  if (value === null || value === undefined || value === "") return null;
  const seconds = /^\d+$/.test(String(value)) ? Number(value) : (Date.parse(String(value)) - now) / 1000;
  return Number.isNaN(seconds) ? null : Math.min(Math.max(Math.ceil(seconds), 1), longestWait);
}

/** Codes of a server that may answer in a moment. */
const passing = new Set(["INTERNAL_SERVER_ERROR", "IDENTITY_PROVIDER_UNAVAILABLE"]);
const lostCursor = new Set(["CURSOR_EXPIRED", "CURSOR_INVALID"]);

/**
 * What a refused answer means for a page that stays open.
 * @param {RefusedAnswer} answer its HTTP status is 200 where a stream or a result brings the errors
 * @returns {Refusal}
 */
export function readRefusal({ status, retryAfter, errors }) {
  const [error] = errors ?? [];
  const code = error?.extensions?.code ?? "";
  const message = error?.message ?? "";
  if (code === "UNAUTHENTICATED") return new Refusal("renew", message);
  if (lostCursor.has(code)) return new Refusal("restart", message);
  // Another page has to let go of a stream first.
  if (code === "TOO_MANY_STREAMS") return new Refusal("stop", message);
  const seconds = readRetryAfter(retryAfter ?? error?.extensions?.retryAfter, Date.now());
  if (status === 429 || code === "RATE_LIMITED") {
    return new Refusal("wait", message || "Too many requests.", seconds ?? usualWait);
  }
  if (status >= 500 || passing.has(code)) {
    const words = message || `The server is in trouble (HTTP ${status}).`;
    return seconds === null ? new Refusal("retry", words) : new Refusal("wait", words, seconds);
  }
  return new Refusal("stop", message || `Something other than Maestro Auth answers here (HTTP ${status}).`);
}

/**
 * Reads a refusal from an HTTP response, and its body with it.
 * @param {Response} response
 */
export async function refusalOf(response) {
  /** @type {{ errors?: RefusedAnswer["errors"] } | null} */
  const body = await response.json().catch(() => null);
  const errors = Array.isArray(body?.errors) ? body.errors : [];
  return readRefusal({ status: response.status, retryAfter: response.headers.get("retry-after"), errors });
}

/** Nobody answered, or the connection was cut. */
export function noAnswer() {
  return new Refusal("retry", "The server does not answer.");
}

/** @param {number} seconds from now */
export function timeIn(seconds) {
  return new Date(Date.now() + seconds * 1000).toLocaleTimeString("en-GB");
}
