import type { RefreshSite } from "./site.ts";

/** Refreshes that were stored when the token before them had expired. */
export interface Lateness {
  readonly count: number;
  /** Of so many of which it is known. */
  readonly of: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Users who were told that a token has expired. */
  readonly notices: number;
}

// Each event names the expiry of the token that came with it, and the next one the end of its use.
const statement = `with refreshed as (
    select extract(epoch from created_at - lag((body->>'expiresAt')::timestamptz) over (partition by user_id order by seq))
      * 1000 as late_ms
    from events where type = 'TokenRefreshed'
  )
  select count(*) filter (where late_ms > 0)::int as count, count(late_ms)::int as of,
    coalesce(percentile_cont(0.5) within group (order by late_ms) filter (where late_ms > 0), 0)::float8 as "medianMs",
    coalesce(percentile_cont(0.99) within group (order by late_ms) filter (where late_ms > 0), 0)::float8 as "p99Ms",
    (select count(*)::int from events where type = 'TokenExpired') as notices
  from refreshed`;

/** Finds them in the events of all refreshes so far; a credential's first refresh is not counted. */
export async function readLateness(site: RefreshSite): Promise<Lateness> {
  const [row] = await site.query<Lateness>(statement);
  return { ...row!, medianMs: Math.round(row!.medianMs), p99Ms: Math.round(row!.p99Ms) };
}
