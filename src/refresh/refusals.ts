import type { Database } from "../db/database.ts";
import type { RefreshClaim } from "./lease.ts";
import { severalUsers } from "./witnesses.ts";

/** How often a provider must decline a refresh token, each time at its time, before the sign-in is over. */
const refusalsUntilEnd = 3;
/** For how long it must have declined it, unless the access token has ended too; milliseconds. */
const declinedForMs = 600_000;
/** The same where others are declined alike: that looks like a fault of the provider, or of something in between. */
const declinedAlikeForMs = 86_400_000;
/** Between two tries, in milliseconds. */
const spacing = { leastMs: 10_000, mostMs: 300_000, alikeMs: 900_000, jitter: 0.1 } as const;

/** What one more refusal makes of those before. */
export interface RefusalTally {
  /** Refusals in a row that count, with this one. */
  readonly count: number;
  /** They have lasted long enough. */
  readonly isEnough: boolean;
  /** They have lasted so long that it ends the sign-in whatever happens to others. */
  readonly isEnoughAlike: boolean;
  /** Milliseconds until the next try. */
  readonly retryInMs: number;
}

type Refused = Pick<RefreshClaim, "refusals" | "refusedSince" | "expiresAt" | "lag">;

/**
 * Adds a refusal to those of a claim's row. One that came before its time, since somebody asked for it, adds nothing.
 */
export function tally(claim: Refused, now: Date, random: () => number = Math.random): RefusalTally {
  const { refusals, refusedSince, expiresAt, lag } = claim;
  const isEarly = refusals > 0 && lag !== null && lag < 0;
  const count = isEarly ? refusals : refusals + 1;
  const lasted = now.getTime() - (refusedSince ?? now).getTime();
  const left = expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt.getTime() - now.getTime();
  const isOften = count >= refusalsUntilEnd;
  // The last try comes when it decides: at the end of the access token, or when the refusals have lasted long enough.
  const wanted = isOften ? Math.min(declinedForMs - lasted, left) : left / 2;
  const wait = Math.min(Math.max(wanted, spacing.leastMs), spacing.mostMs) * (1 + spacing.jitter * random());
  return {
    count,
    isEnough: isOften && (lasted >= declinedForMs || left <= 0),
    isEnoughAlike: isOften && lasted >= declinedAlikeForMs,
    retryInMs: isEarly ? -lag * 1000 : wait,
  };
}

/** When a row is tried again that would be over, were others not refused alike; milliseconds. */
export const alikeRetryMs = spacing.alikeMs;

const censusStatement = {
  name: "refusal_census",
  text: `select
      exists (
        select 1 from provider_credentials
        where provider = $1 and id <> $2::uuid and last_refreshed_at > to_timestamp($3::float8 / 1000) and user_id <> $4
      ) as "othersRenewed",
      exists (
        select 1 from provider_credentials
        where provider = $1 and id <> $2::uuid and last_refreshed_at > to_timestamp($3::float8 / 1000) and proven_client = $5
      ) as "clientAccepted",
      (
        select count(distinct user_id)::int from provider_credentials
        where provider = $1 and status = 'active' and refusals > 0 and refusal_code is not distinct from $6 and user_id <> $4
      ) as "othersRefused"`,
};

/** How other sign-ins at a provider fare while one is refused, whichever process has renewed them. */
export interface RefusalCensus {
  /** Several users are refused with the same code, and nobody else's sign-in has been renewed meanwhile. */
  readonly areAlike: boolean;
  /** Another sign-in has been renewed meanwhile with the operator's client. */
  readonly isClientAccepted: boolean;
}

/** Read only where a sign-in would end, so it may look at all of a provider's rows. */
export async function takeCensus(
  database: Database,
  { id, userId, provider, refusedSince }: RefreshClaim,
  { clientId, code }: { readonly clientId: string | null; readonly code: string | null },
): Promise<RefusalCensus> {
  const since = refusedSince?.getTime() ?? Date.now();
  const [row] = await database.query<{ othersRenewed: boolean; clientAccepted: boolean; othersRefused: number }>(
    censusStatement,
    [provider, id, since, userId, clientId, code],
  );
  const { othersRenewed, clientAccepted, othersRefused } = row!;
  return { areAlike: !othersRenewed && othersRefused + 1 >= severalUsers, isClientAccepted: clientAccepted };
}
