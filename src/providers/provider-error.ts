import { answerJson, assertJsonBounds } from "../lib/json-bounds.ts";

/**
 * What an answer's body says of an error, whichever of the usual shapes it has. Not for users: it is the provider's
 * text.
 */
export interface ProviderErrorBody {
  /** Every machine-readable word of the body: codes, types, statuses, reasons. */
  readonly codes: readonly string[];
  readonly message: string | null;
}

/** A parsed JSON object. */
export type Json = { readonly [key: string]: unknown };

function asObject(value: unknown): Json | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

function firstString(...values: unknown[]): string | null {
  return values.find((value) => typeof value === "string") ?? null;
}

/**
 * A JSON object from an answer; null for anything else, such as a proxy's HTML page, or more values than any answer
 * has.
 */
export function parseJsonObject(body: string): Json | null {
  try {
    assertJsonBounds(body, answerJson);
    return asObject(JSON.parse(body));
  } catch {
    return null;
  }
}

/**
 * Reads `{"error": "code"}` (RFC 6749, section 5.2), `{"error": {"type" | "code" | "status", "message", "details":
 * [{"reason"}]}}`, the same below `detail` as ChatGPT's own API has it, and bodies with a top-level `code`, `detail` or
 * `message`.
 */
export function readProviderError(body: string): ProviderErrorBody {
  const json = parseJsonObject(body) ?? {};
  const error = asObject(json["error"]) ?? asObject(json["detail"]) ?? {};
  const details = Array.isArray(error["details"]) ? error["details"].map((item) => asObject(item)?.["reason"]) : [];
  const words = [json["error"], json["code"], error["type"], error["code"], error["status"], ...details];
  return {
    codes: words.filter((word) => typeof word === "string"),
    message: firstString(error["message"], json["error_description"], json["message"], json["detail"]),
  };
}

/** How many codes of an answer are shown. */
const maxCodes = 3;

/** Words with separators between them: long or mixed pieces are more likely to be a part of a key. */
const code = /^(?=.{2,64}$)[A-Za-z]+(?:[_.-](?:[A-Za-z]{1,24}|\d{1,4}))*$/;

/**
 * The codes of an answer that may be shown and logged. A vendor's code is no secret, but what stands in a code's place
 * may be anything, the credential itself or a part of it too.
 * @param secret what was sent and must not be repeated
 */
export function showableCodes({ codes }: ProviderErrorBody, secret: string): string[] {
  const repeats = (piece: string) => piece.length >= 4 && secret.includes(piece);
  const isShowable = (word: string) => code.test(word) && !word.split(/[_.-]/).some(repeats);
  return [...new Set(codes.filter(isShowable))].slice(0, maxCodes);
}
