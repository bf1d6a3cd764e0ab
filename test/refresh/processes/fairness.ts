import { setTimeout as delay } from "node:timers/promises";
import type { Outage } from "../../support/strict-provider/outage.ts";
import { RefreshStage, type StageProvider } from "./refresh-stage.ts";

interface FairnessOptions {
  readonly provider: StageProvider;
  /** Lets the sign-ins of these accounts meet something instead of an answer. */
  readonly trouble: (troubles: Readonly<Record<string, Outage>>) => Promise<void>;
  /** Users with one sign-in each that works. */
  readonly healthy: number;
  /** Sign-ins of one user; each meets one of the troubles, in turn. */
  readonly poisoned: number;
  readonly troubles: readonly Outage[];
  readonly processes: number;
  readonly lifetimeSeconds: number;
  /** For how long it is watched. */
  readonly seconds: number;
  readonly databaseUrl?: string;
}

export interface FairnessFigures {
  /** Renewals of healthy sign-ins. */
  readonly renewals: number;
  /** Of these, stored when the token before had expired. */
  readonly late: number;
  /** Milliseconds that were left of the token, at the latest of the renewals. */
  readonly leastMsLeft: number;
  /** Healthy users who were never renewed, or not as they should be in the end. */
  readonly neglected: number;
  /** Failed tries of healthy sign-ins. */
  readonly failures: number;
  /** How often a process was seen to leave the provider alone. */
  readonly pauses: number;
  /** Failed tries of the poisoned sign-ins, and how many of them have ended. */
  readonly poisonedTries: number;
  readonly poisonedEnded: number;
}

const mallory = "mallory";

/** All sign-ins fall due in the course of a lifetime; those of the one user at once, long before all others. */
const spread = (seconds: number) => `update provider_credentials set
    expires_at = at + interval '${seconds * 0.2} seconds', refresh_after = at, next_try_at = at, expiry_notice_at = null
  from (
    select id as spread_id, case when user_id = '${mallory}' then clock_timestamp() - interval '1 hour'
      else clock_timestamp() + random() * interval '${seconds * 0.8} seconds' end as at
    from provider_credentials
  ) spread where id = spread_id`;

const lateness = `with renewed as (
    select user_id, extract(epoch from coalesce(
        lag((body->>'expiresAt')::timestamptz) over (partition by user_id order by seq), first.expires_at
      ) - created_at) * 1000 as ms_left
    from events join first_expiries first using (user_id)
    where type = 'TokenRefreshed' and user_id <> '${mallory}'
  )
  select count(*)::int as renewals, count(*) filter (where ms_left < 0)::int as late, min(ms_left)::float8 as "leastMsLeft",
    (select count(*)::int from events where type = 'TokenRefreshFailed' and user_id <> '${mallory}') as failures,
    (select count(*)::int from events where type = 'TokenRefreshFailed' and user_id = '${mallory}') as "poisonedTries",
    (select count(*)::int from provider_credentials where status <> 'active' and user_id = '${mallory}') as "poisonedEnded",
    (
      select count(*)::int from provider_credentials c where c.user_id <> '${mallory}' and (
        c.status <> 'active' or c.fail_count > 0 or c.token_version = 1 or c.expires_at < clock_timestamp()
      )
    ) as neglected
  from renewed`;

/**
 * What the sign-ins of many users suffer while all those of one user are poisoned. Null where there is no PostgreSQL.
 */
export async function measureFairness(options: FairnessOptions): Promise<FairnessFigures | null> {
  const { provider, trouble, healthy, poisoned, troubles, processes, lifetimeSeconds, seconds, databaseUrl } = options;
  await using stage = await RefreshStage.set({
    provider,
    credentials: healthy,
    environment: { LOG_LEVEL: "error" },
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  if (stage === null) return null;
  const accounts = Array.from({ length: poisoned }, (_, index) => `${mallory}-${index}`);
  for (const account of accounts) await stage.connect(mallory, account, account);
  await trouble(Object.fromEntries(accounts.map((account, index) => [account, troubles[index % troubles.length]!])));
  const run = (sql: string) => stage.database.em().execute(sql);
  await run("update provider_credentials set next_try_at = null");
  await using children = await stage.startAll(processes);
  await run(spread(lifetimeSeconds));
  await run(
    "create table first_expiries as select user_id, max(expires_at) as expires_at from provider_credentials group by 1",
  );
  await delay(seconds * 1000);
  const [row] = await stage.database.em().execute<Omit<FairnessFigures, "pauses">[]>(lateness);
  const pauses = await Promise.all(children.map((child) => child.countPauses()));
  await Promise.all(children.map((child) => child.stop()));
  return { ...row!, leastMsLeft: Math.round(row!.leastMsLeft), pauses: pauses.reduce((sum, count) => sum + count, 0) };
}
