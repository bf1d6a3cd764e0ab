/** What an answer's body says of an error, whichever of the usual shapes it has. Not for users: it is the provider's text. */
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

/** A JSON object from an answer; null for anything else, such as a proxy's HTML page. */
export function parseJsonObject(body: string): Json | null {
  try {
    return asObject(JSON.parse(body));
  } catch {
    return null;
  }
}

/**
 * Reads `{"error": "code"}` (RFC 6749, section 5.2), `{"error": {"type" | "code" | "status", "message", "details": [{"reason"}]}}`,
 * and bodies with a top-level `code`, `detail` or `message`.
 */
export function readProviderError(body: string): ProviderErrorBody {
  const json = parseJsonObject(body) ?? {};
  const error = asObject(json["error"]) ?? {};
  const details = Array.isArray(error["details"]) ? error["details"].map((item) => asObject(item)?.["reason"]) : [];
  const words = [json["error"], json["code"], error["type"], error["code"], error["status"], ...details];
  return {
    codes: words.filter((word) => typeof word === "string"),
    message: firstString(error["message"], json["error_description"], json["message"], json["detail"]),
  };
}
