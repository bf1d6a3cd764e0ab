import type { IncomingHttpHeaders } from "node:http";
import { jsonObject } from "../mock-provider/wire-format.ts";

/** What a request says; what it does not say, or not as a text, is not there. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/** Reads a body of JSON or of a form. */
export function parseParameters(headers: IncomingHttpHeaders, body: string): Parameters {
  if (headers["content-type"]?.startsWith("application/json") !== true) {
    return Object.fromEntries(new URLSearchParams(body));
  }
  const entries = Object.entries(jsonObject(body) ?? {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
