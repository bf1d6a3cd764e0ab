import type { CommandStage } from "../command-stage.ts";

/** Puts entries into the log of a stage: three a minute, and of every second one nobody is the user. */
export async function fillAuditLog(stage: CommandStage, entries: number): Promise<void> {
  await stage.within(async ({ storage: { database } }) => {
    await database.em().execute("truncate audit_log restart identity");
    await database.em().execute(
      `insert into audit_log (at, user_id, actor, action, outcome)
        select '2026-01-01T00:00:00Z'::timestamptz + (i / 3) * interval '1 minute', case when i % 2 = 0 then 'alice' end, 'a "name"', 'x', 'succeeded'
        from generate_series(0, ? - 1) i`,
      [entries],
    );
  });
}

/** The lines of an export. */
export const parseExport = (output: string) =>
  output
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { id: string; at: string; userId: string | null });
