import type { Clock } from "../../lib/clock.ts";
import { Secret } from "../../lib/secret.ts";
import type { OAuthCredentials, ProviderAccount } from "../provider-auth.ts";
import type { OAuthDescription } from "./description.ts";
import type { TokenResponse } from "./device-flow.ts";

const maxTextLength = 320;
const maxScopes = 100;

/** What a provider says of an account is shown to people: a text of sensible length, or nothing. */
function readText(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= maxTextLength && !/\p{C}/u.test(value)
    ? value
    : null;
}

/** RFC 6749, section 3.3. What is no scope is left out. */
function readScopes(scope: string): string[] {
  return scope
    .split(" ")
    .filter((item) => /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(item))
    .slice(0, maxScopes);
}

/** Seconds. A longer lifetime counts as none that ends, and a later instant as a mistake. */
const tenYears = 315_576_000;
/**
 * Seconds for which a token is taken to work whose provider says that it has expired as it comes: it was given to be
 * used. This is also what keeps the refreshes of such tokens apart.
 */
const shortestLifetime = 60;

/** When an access token ends that came at `now`. */
function expiry(lifetime: number | null, isRefreshable: boolean, now: Date): Date | null {
  if (lifetime === null) return null;
  // Without a refresh token there is nothing to be done about it, and vendors also write 0 for "never".
  if (lifetime === 0 && !isRefreshable) return null;
  return new Date(now.getTime() + (lifetime === 0 ? shortestLifetime : lifetime) * 1000);
}

/** Seconds since 1970, also in digits, or a date as ISO 8601 writes it; null for what cannot be meant. */
function readInstant(value: unknown, now: Date): Date | null {
  const isDate = typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value);
  const seconds = typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  const time = isDate ? Date.parse(value) : typeof seconds === "number" ? seconds * 1000 : Number.NaN;
  return time >= 0 && time <= now.getTime() + tenYears * 1000 ? new Date(time) : null;
}

/** What an entry of the catalogue makes of an answer that is not as its vendor documents it is not worth the tokens. */
function describeAccount(answer: TokenResponse, { account }: OAuthDescription): Partial<ProviderAccount> | undefined {
  try {
    return account?.({ body: answer, claims: answer.claims() ?? {} });
  } catch {
    return undefined;
  }
}

function readAccount(answer: TokenResponse, description: OAuthDescription): ProviderAccount | null {
  const found = describeAccount(answer, description);
  const account = {
    id: readText(found?.id),
    email: readText(found?.email),
    organization: readText(found?.organization),
    plan: readText(found?.plan),
  };
  return Object.values(account).every((value) => value === null) ? null : account;
}

/**
 * The credentials in a token answer. What it leaves out stays as it was: the refresh token and the scopes
 * (RFC 6749, sections 5.1 and 6), the lifetime, and the account.
 */
export function readOAuthCredentials(
  answer: TokenResponse,
  previous: Pick<OAuthCredentials, "refreshToken" | "scopes" | "account" | "lifetime">,
  description: OAuthDescription,
  clock: Clock,
): OAuthCredentials {
  const now = clock.now();
  const { expires_in: expiresIn, scope } = answer;
  const refreshToken = answer.refresh_token === undefined ? previous.refreshToken : new Secret(answer.refresh_token);
  const named = expiresIn === undefined ? (previous.lifetime ?? null) : expiresIn;
  const lifetime = named !== null && named > tenYears ? null : named;
  const scopes = scope === undefined ? [] : readScopes(scope);
  const earliestRefreshAt = readInstant(answer["earliest_refresh_at"], now);
  return {
    method: "oauth",
    accessToken: new Secret(answer.access_token),
    refreshToken,
    expiresAt: expiry(lifetime, refreshToken !== null, now),
    lifetime,
    scopes: scopes.length === 0 ? previous.scopes : scopes,
    account: readAccount(answer, description) ?? previous.account,
    ...(earliestRefreshAt === null ? {} : { earliestRefreshAt }),
  };
}
