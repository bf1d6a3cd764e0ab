import { signToken } from "../../../callers/token-verifier.ts";
import type { Config } from "../../../config/config.ts";
import { systemClock } from "../../../lib/clock.ts";
import { fail, type Finding, ok, skip } from "./check.ts";
import { answersHealth } from "./port.ts";

/** How long the first bytes of a stream may take, in milliseconds; a server sends them at once. */
const firstBytesMs = 5_000;
/** Seconds. */
const tokenLifetime = 60;

const query = "subscription { credentialEvents { __typename } }";

/** The first bytes of an event stream's body; null where none come in time. */
async function firstBytes(url: string, token: string): Promise<{ status: number; text: string } | null> {
  const stopped = new AbortController();
  const timer = setTimeout(() => stopped.abort(), firstBytesMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${token}` },
      body: JSON.stringify({ query }),
      signal: stopped.signal,
    });
    const { value } = await response.body!.getReader().read();
    return { status: response.status, text: Buffer.from(value ?? []).toString() };
  } catch (error) {
    if (stopped.signal.aborted) return null;
    throw error;
  } finally {
    clearTimeout(timer);
    stopped.abort();
  }
}

/** Null where only an identity provider can make one. */
async function makeToken({ callerTokens }: Config): Promise<string | null> {
  if (callerTokens.kind !== "secret") return null;
  const scopes = ["credentials:read"] as const;
  return signToken(callerTokens, { subject: "maestro-auth doctor", scopes, lifetime: tokenLifetime }, systemClock);
}

/** What mends a refused token. */
function refusedTokenCure(config: Config, isGiven: boolean): string {
  if (isGiven) return "Pass a token that has not expired, with the scope credentials:read, with --token-file.";
  return config.callerTokens.kind === "secret"
    ? "The server there has another AUTH_JWT_SECRET: run the doctor with the environment of that server."
    : "Run the doctor with the environment of that server.";
}

/**
 * Whether events come through whatever stands before the server as soon as they are sent.
 * @param given a caller's token to try with; null: the doctor makes one, where the server's secret lets it
 */
export async function checkStreaming(config: Config, given: string | null): Promise<Finding> {
  const { publicUrl } = config;
  if (config.port === 0 || !(await answersHealth(publicUrl))) return skip(`no server answers at ${publicUrl}`);
  const token = given ?? (await makeToken(config));
  if (token === null) {
    return skip("an identity provider issues the tokens: pass one with --token-file, with the scope credentials:read");
  }
  const answer = await firstBytes(`${publicUrl}/graphql`, token);
  if (answer === null) {
    return fail(
      `A stream from ${publicUrl} sends nothing within ${firstBytesMs / 1000} s: a proxy before the server holds it back.`,
      "Turn off its buffering for /graphql (nginx: `proxy_buffering off`, or no `proxy_ignore_headers X-Accel-Buffering`), or let clients use WebSocket.",
    );
  }
  if (answer.status !== 200) {
    return fail(
      `${publicUrl} refuses ${given === null ? "a token of this configuration" : "the token"} (HTTP ${answer.status}).`,
      refusedTokenCure(config, given !== null),
    );
  }
  return ok(`event streams arrive at once at ${publicUrl}`);
}
