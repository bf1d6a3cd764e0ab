import type { Database } from "../../src/db/database.ts";

/** Each row of these tables that a user has becomes the pattern of many: all columns alike, but for these. */
const copied = {
  provider_credentials: `'id', gen_random_uuid(), 'label', left(t.id::text, 8) || ' ' || n`,
  sessions: `'id', gen_random_uuid(), 'label', 'session ' || n`,
  oauth_flows: `'id', gen_random_uuid(), 'state_hash', sha256(gen_random_uuid()::text::bytea)`,
  audit_log: `'id', nextval(pg_get_serial_sequence('audit_log', 'id')), 'once', null`,
} as const;

/** Rows of one statement: it has to end within the time that the server gives a statement, on a busy machine too. */
const batch = 1_000;

/** The first and last number of each batch of so many rows. */
function* batches(rows: number): Generator<[number, number]> {
  for (let first = 1; first <= rows; first += batch) yield [first, Math.min(first + batch - 1, rows)];
}

/**
 * Gives a user many rows of each kind, more than the quotas allow: copies of what the user has already. Secrets are
 * copied too, and do not open in another row. Each session uses what the newest session does.
 * @param count rows of each table, about
 */
export async function makeLarge(database: Database, userId: string, count: number): Promise<void> {
  const em = database.em();
  const run = <Row>(sql: string, values: readonly unknown[]) => em.execute<Row[]>(sql, [...values]);
  for (const [table, changes] of Object.entries(copied)) {
    const columns = await run<{ name: string }>(
      `select column_name as name from information_schema.columns
        where table_schema = current_schema() and table_name = ? and is_generated = 'NEVER'`,
      [table],
    );
    const list = columns.map(({ name }) => `"${name}"`).join(", ");
    const own = await run<{ id: unknown }>(`select id from ${table} where user_id = ?`, [userId]);
    for (const { id } of own) {
      for (const [first, last] of batches(Math.ceil(count / own.length))) {
        await run(
          `insert into ${table} (${list})
            select ${list} from (
              select n, (jsonb_populate_record(null::${table}, to_jsonb(t) || jsonb_build_object(${changes}))).*
              from (select * from ${table} where user_id = ? and id = ?) t, generate_series(?::int, ?::int) n
            ) copies order by n`,
          [userId, id, first, last],
        );
      }
    }
  }
  let added: readonly unknown[];
  do {
    added = await run(
      `insert into session_providers
        select (jsonb_populate_record(null::session_providers, to_jsonb(p) || jsonb_build_object('session_id', s.id))).*
        from (select * from session_providers where user_id = ? order by selected_at desc limit 1) p
        join (select id, user_id from sessions where user_id = ?
          and not exists (select from session_providers o where o.session_id = sessions.id) limit ${batch}) s
          on s.user_id = p.user_id
        returning session_id`,
      [userId, userId],
    );
  } while (added.length > 0);
  for (const [first, last] of batches(count)) {
    const rows = last - first + 1;
    await run(
      `with stream as (update user_streams set seq = seq + ? where user_id = ? returning user_id, seq - ? as before),
          event as (select * from events where user_id = ? order by seq limit 1)
        insert into events (user_id, seq, type, body, created_at)
        select stream.user_id, before + n, type, body, created_at from stream, event, generate_series(1, ?::int) n`,
      [rows, userId, rows, userId, rows],
    );
  }
  await em.execute("analyze");
}
