import type { Clock } from "../clock.ts";
import { Secret } from "../credentials/secret.ts";
import type { TokenResponse } from "./device-flow.ts";
import type { OAuthDescription } from "./oauth-description.ts";
import type { OAuthCredentials, ProviderAccount } from "./provider-auth.ts";

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

/** Seconds since 1970, or a date as ISO 8601 writes it. */
function readInstant(value: unknown): Date | null {
  const date = typeof value === "number" ? new Date(value * 1000) : typeof value === "string" ? new Date(value) : null;
  return date === null || Number.isNaN(date.getTime()) ? null : date;
}

function readAccount(answer: TokenResponse, description: OAuthDescription): ProviderAccount | null {
  const found = description.account?.({ body: answer, claims: answer.claims() ?? {} });
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
 * (RFC 6749, sections 5.1 and 6), and the account.
 */
export function readOAuthCredentials(
  answer: TokenResponse,
  previous: Pick<OAuthCredentials, "refreshToken" | "scopes" | "account">,
  description: OAuthDescription,
  clock: Clock,
): OAuthCredentials {
  const { expires_in: expiresIn, refresh_token: refreshToken, scope } = answer;
  const earliestRefreshAt = readInstant(answer["earliest_refresh_at"]);
  return {
    method: "oauth",
    accessToken: new Secret(answer.access_token),
    refreshToken: refreshToken === undefined ? previous.refreshToken : new Secret(refreshToken),
    expiresAt: expiresIn === undefined ? null : new Date(clock.now().getTime() + expiresIn * 1000),
    scopes: scope === undefined ? previous.scopes : readScopes(scope),
    account: readAccount(answer, description) ?? previous.account,
    ...(earliestRefreshAt === null ? {} : { earliestRefreshAt }),
  };
}
