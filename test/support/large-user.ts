import type { Database } from "../../src/db/database.ts";

/** Each row of these tables that a user has becomes the pattern of many: all columns alike, but for these. */
const copied = {
  provider_credentials: `'id', gen_random_uuid(), 'label', left(t.id::text, 8) || ' ' || n`,
  sessions: `'id', gen_random_uuid(), 'label', 'session ' || n`,
  oauth_flows: `'id', gen_random_uuid(), 'state_hash', sha256(gen_random_uuid()::text::bytea)`,
  audit_log: `'id', nextval(pg_get_serial_sequence('audit_log', 'id')), 'once', null`,
} as const;

/**
 * Gives a user many rows of each kind, more than the quotas allow: copies of what the user has already. Secrets are
 * copied too, and do not open in another row. Each session uses what the newest session does.
 * @param count rows of each table, about
 */
export async function makeLarge(database: Database, userId: string, count: number): Promise<void> {
  const em = database.em();
  const run = (sql: string, values: readonly unknown[]) => em.execute(sql, [...values]);
  for (const [table, changes] of Object.entries(copied)) {
    const [own] = await em.execute<{ count: number }[]>(
      `select count(*)::int4 as count from ${table} where user_id = ?`,
      [userId],
    );
    if (own!.count === 0) continue;
    await run(
      `insert into ${table}
        select (jsonb_populate_record(null::${table}, to_jsonb(t) || jsonb_build_object(${changes}))).*
        from (select * from ${table} where user_id = ?) t, generate_series(1, ?) n
        order by n`,
      [userId, Math.ceil(count / own!.count)],
    );
  }
  await run(
    `insert into session_providers
      select (jsonb_populate_record(null::session_providers, to_jsonb(p) || jsonb_build_object('session_id', s.id))).*
      from (select * from session_providers where user_id = ? order by selected_at desc limit 1) p
      join sessions s on s.user_id = p.user_id
      on conflict do nothing`,
    [userId],
  );
  await run(
    `with stream as (update user_streams set seq = seq + ? where user_id = ? returning user_id, seq - ? as before),
        event as (select * from events where user_id = ? order by seq limit 1)
      insert into events (user_id, seq, type, body, created_at)
      select stream.user_id, before + n, type, body, created_at from stream, event, generate_series(1, ?) n`,
    [count, userId, count, userId, count],
  );
  await em.execute("analyze");
}
