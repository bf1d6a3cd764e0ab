import { randomUUID } from "node:crypto";
import type { Database } from "./database.ts";

/**
 * What a database is, as far as it can say: a copy, a restored one and a promoted standby each differ in one of these
 * from the one that the row was written in. What the role may not ask is null, and is not compared.
 */
export interface DatabasePlace {
  /** PostgreSQL's system identifier: made with the cluster, and kept by its standbys and file copies. */
  readonly system: string | null;
  /** The database's oid in its cluster. */
  readonly database: string | null;
  /** The oid of the table of events: another one after `pg_restore --clean`. */
  readonly table: string | null;
  /** PostgreSQL's own timeline: another one after a promotion and after a recovery to a point in time. */
  readonly history: string | null;
  /** When the embedded database's folder was made on this disk: another one after it was copied back. */
  readonly folder: string | null;
}

const parts = ["system", "database", "table", "history", "folder"] as const;

/** Why a new timeline began. */
export type TimelineCause =
  "restored" | "copied" | "promoted" | "moved" | "log went back" | "streams went back" | "operator";

/** The row of the table `timeline`, and the database around it. */
export interface TimelineState {
  readonly id: string;
  readonly cause: string;
  readonly begunAt: Date;
  /** Where the row was written; null in one that no server has seen yet. */
  readonly place: Partial<DatabasePlace> | null;
  /** Whether it is the very row that was written, and not one loaded from a dump. */
  readonly isOriginal: boolean;
  readonly here: DatabasePlace;
  /** How far the database's log is on the disk, in bytes; null where it does not say. */
  readonly log: number | null;
}

const own = `t.id::text as id, t.cause, (extract(epoch from t.begun_at) * 1000)::float8 as begun_ms, t.place,
  t.made_by is not distinct from t.xmin::text as is_original,
  (select oid::text from pg_database where datname = current_database()) as database,
  to_regclass('events')::oid::text as table`;

// A standby has no position to write at. It answers what is read for as long as it takes to promote it.
const full = {
  name: "timeline",
  text: `select ${own}, (select system_identifier::text from pg_control_system()) as system,
      case when pg_is_in_recovery() then null else left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) end as history,
      case when pg_is_in_recovery() then null else (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::float8 end as log
    from timeline t`,
};

const reduced = {
  name: "timeline_reduced",
  text: `select ${own}, null as system, null as history, null::float8 as log from timeline t`,
};

interface TimelineColumns extends Omit<DatabasePlace, "folder"> {
  readonly id: string;
  readonly cause: string;
  readonly begun_ms: number;
  readonly place: Partial<DatabasePlace> | string | null;
  readonly is_original: boolean;
  readonly log: number | null;
}

/** insufficient_privilege, feature_not_supported, undefined_function: a role or a service that does not let one ask. */
const withheld = new Set(["42501", "0A000", "42883"]);

async function ask(database: Pick<Database, "query">): Promise<TimelineColumns | undefined> {
  try {
    const [row] = await database.query<TimelineColumns>(full, []);
    return row;
  } catch (error) {
    if (!withheld.has(String((error as { code?: unknown }).code))) throw error;
    const [row] = await database.query<TimelineColumns>(reduced, []);
    return row;
  }
}

const insertStatement = {
  name: "insert_timeline",
  text: `insert into timeline (id, begun_at, cause) values ($1::uuid, clock_timestamp(), 'restored') on conflict do nothing`,
};

/** Makes the row where somebody has removed it, or loaded the tables without it. */
async function insertTimeline(database: Pick<Database, "query">): Promise<TimelineColumns> {
  await database.query(insertStatement, [randomUUID()]);
  return (await ask(database))!;
}

/** What the database says of its timeline and of itself. A row that is missing is made. */
export async function readTimeline({ query, folderId }: Pick<Database, "query" | "folderId">): Promise<TimelineState> {
  const row = (await ask({ query })) ?? (await insertTimeline({ query }));
  const { id, cause, begun_ms, place, is_original: isOriginal, log, system, database, table, history } = row;
  return {
    id,
    cause,
    begunAt: new Date(begun_ms),
    // One of the drivers leaves JSON as the text that it comes as.
    place: typeof place === "string" ? (JSON.parse(place) as Partial<DatabasePlace>) : place,
    isOriginal,
    here: { system, database, table, history, folder: folderId },
    log,
  };
}

/** Why the database is not the one that the row was written in; null where it is, as far as can be told. */
export function findBreak({ place, here, isOriginal }: TimelineState): TimelineCause | null {
  if (place === null) return null;
  const differs = (part: keyof DatabasePlace) =>
    (place[part] ?? null) !== null && here[part] !== null && place[part] !== here[part];
  if (differs("system") || differs("database")) return "copied";
  if (!isOriginal || differs("table")) return "restored";
  if (differs("history")) return "promoted";
  return differs("folder") ? "moved" : null;
}

/** Whether the row lacks a part of the place that is known now. */
export function isUnplaced({ place, here }: TimelineState): boolean {
  return parts.some((part) => here[part] !== null && (place?.[part] ?? null) === null);
}

const updated = `place = $2::jsonb, made_by = pg_current_xact_id()::xid::text where id = $1::uuid returning id::text as id`;

const placeStatement = { name: "place_timeline", text: `update timeline set ${updated}` };

/** Told wherever such a credential is needed. */
const heldReason =
  "This database is a copy, and another server may have used the refresh token since. The operator runs `maestro-auth restored` if this one has taken the other's place; else connect the provider again.";

// What has been restored may have been used since, and most providers end a sign-in at a second use. So it is treated
// as a renewal whose outcome is unknown: sent again only when there is hardly anything left to lose. In a copy it is
// not sent at all, since the original may still work with it; only the operator can say that it does not. All of this
// is one statement: no process finds the new timeline without it.
const beginStatement = {
  name: "begin_timeline",
  text: `with begun as (
      update timeline set id = $3::uuid, begun_at = clock_timestamp(),
        cause = case when cause in ('copied', 'moved') and $4::text <> 'operator' then cause else $4::text end,
        ${updated}, cause in ('copied', 'moved') as is_copy
    ), held as (
      update provider_credentials c set sent_at = coalesce(c.sent_at, clock_timestamp()),
        replay_after = case when is_copy then clock_timestamp() + interval '1000 years' else greatest(clock_timestamp(),
          c.expires_at - least(interval '60 seconds', (c.expires_at - c.refresh_after) / 4)) end,
        next_try_at = case when is_copy then null else coalesce(c.next_try_at, c.refresh_after, clock_timestamp()) end,
        status_reason = case when is_copy then $6::text when c.status_reason = $6::text then null else c.status_reason end
      from begun where c.auth_method = 'oauth' and c.refreshable and c.status = 'active'
        and c.provider <> all ($5::text[])
    )
    select id from begun`,
};

/** Writes down where the database is, without a new timeline. */
export async function placeTimeline(database: Pick<Database, "query">, { id, here }: TimelineState): Promise<void> {
  await database.query(placeStatement, [id, JSON.stringify(here)]);
}

/**
 * Ends a timeline and begins another; what stored credentials may not be renewed as before is held back with it.
 * @param reusable the providers that take a refresh token any number of times
 * @returns whether it was this call that did, and no other process
 */
export async function beginTimeline(
  database: Pick<Database, "query">,
  { id, here }: Pick<TimelineState, "id" | "here">,
  { cause, reusable }: { readonly cause: TimelineCause; readonly reusable: readonly string[] },
): Promise<boolean> {
  const values = [id, JSON.stringify(here), randomUUID(), cause, [...reusable], heldReason];
  const rows = await database.query(beginStatement, values);
  return rows.length > 0;
}
