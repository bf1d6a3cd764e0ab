import { boundedFetch } from "../../../callers/bounded-fetch.ts";
import type { Config } from "../../../config/config.ts";
import { codeOf, fail, type Finding, ok, skip } from "./check.ts";

/** Milliseconds. */
const deadlineMs = 5_000;
const cure = "Correct AUTH_JWKS_URL, or let this machine reach it. Without its keys the server cannot check any token.";

async function readKeys(url: URL): Promise<Finding> {
  const headers = { accept: "application/json" };
  const response = await boundedFetch(url.href, { headers, signal: AbortSignal.timeout(deadlineMs) });
  if (!response.ok) return fail(`The identity provider at ${url.origin} answers ${response.status}.`, cure);
  const { keys } = (await response.json()) as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length === 0) {
    return fail(`The answer of the identity provider at ${url.origin} has no keys (RFC 7517, section 5).`, cure);
  }
  return ok(`${keys.length} ${keys.length === 1 ? "key" : "keys"} at ${url.origin}`);
}

/** Whether the keys with which callers' tokens are checked can be read. */
export async function checkIdentityProvider({ callerTokens }: Pick<Config, "callerTokens">): Promise<Finding> {
  if (callerTokens.kind === "secret") return skip("tokens are signed with a shared secret");
  const { url } = callerTokens;
  try {
    return await readKeys(url);
  } catch (error) {
    return fail(`The keys of the identity provider at ${url.origin} cannot be read (${codeOf(error)}).`, cure);
  }
}
