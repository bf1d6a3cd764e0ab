import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "./answer.ts";

/** A request as a provider reads it. */
export interface Call {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a provider knows about its customers. */
export interface Accounts {
  readonly validKeys: ReadonlySet<string>;
  /** Those of OAuth that are accepted now; a provider without has none. */
  readonly accessTokens?: Pick<ReadonlySet<string>, "has">;
}

/** What one vendor says on the wire. */
export interface WireFormat {
  /** A new random API key of the vendor's form. */
  readonly newKey: () => string;
  /** The vendor's answer, right or wrong, to a call. */
  readonly answer: (call: Call, accounts: Accounts) => Answer;
  /** What the vendor says with an error status for which the call itself gives no reason, such as 429 or 503. */
  readonly error: (status: number) => Answer;
}

/** What every model of every vendor answers, word by word where it is streamed. */
export const greeting = ["Hello", " there", "."] as const;

/** The JSON object in a call's body; null if there is none. */
export function jsonObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}
