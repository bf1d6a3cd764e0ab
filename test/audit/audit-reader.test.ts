import { expect, test } from "vitest";
import { AuditReader, type AuditSelection } from "../../src/audit/audit-reader.ts";
import type { Database } from "../../src/db/database.ts";
import { createTestDatabase } from "../support/test-database.ts";

const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour));

/** An entry of alice's and one of bob's in each of six hours, and one that is nobody's. */
async function fill(database: Database): Promise<AuditReader> {
  for (let hour = 0; hour < 6; hour++) {
    for (const user of ["alice", "bob"]) {
      await database
        .em()
        .execute(
          "insert into audit_log (at, user_id, actor, action, outcome) values (?, ?, ?, 'session.start', 'succeeded')",
          [at(hour), user, `${user} ${hour}`],
        );
    }
  }
  await database
    .em()
    .execute(
      "insert into audit_log (at, user_id, actor, action, outcome) values (?, null, 'operator', 'key.rotate', 'succeeded')",
      [at(2)],
    );
  return new AuditReader(database);
}

const hours = (user: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${user} ${from + index}`);

const selections: readonly (readonly [Partial<AuditSelection>, readonly string[]])[] = [
  [{ userId: "alice" }, hours("alice", 0, 6)],
  [{ userId: "alice", since: at(2) }, hours("alice", 2, 6)],
  [{ userId: "alice", until: at(2) }, hours("alice", 0, 2)],
  [{ userId: "bob", since: at(1), until: at(4) }, hours("bob", 1, 4)],
  [{ userId: "carol" }, []],
  [{ userId: "alice", since: at(4), until: at(4) }, []],
  [{ since: at(2), until: at(3) }, ["alice 2", "bob 2", "operator"]],
];

test.each(selections)(
  "of %j the export has as many entries as it counts: from its first time on, and not its last",
  async (...args) => {
    const [given, expected] = args;
    const reader = await fill(await createTestDatabase());
    const selection = { userId: null, since: null, until: null, ...given };
    expect(await reader.count(selection)).toBe(expected.length);
    for (const batchSize of [1, 2, 100]) {
      const actors: string[] = [];
      for await (const batch of reader.batches(selection, batchSize)) {
        expect(batch.length).toBeLessThanOrEqual(batchSize);
        actors.push(...batch.map(({ actor }) => actor));
      }
      expect(actors).toEqual(expected);
    }
  },
);

test("pages go both ways, among entries of one moment too", async () => {
  const database = await createTestDatabase();
  const reader = await fill(database);
  await database.em().execute("update audit_log set at = ?", [at(0)]);
  const all = await reader.list("alice", { limit: 100, inverted: false });
  expect(all.map(({ actor }) => actor)).toEqual(hours("alice", 0, 6));
  const actorsOf = async (page: Parameters<AuditReader["list"]>[1]) =>
    (await reader.list("alice", page)).map(({ actor }) => actor);
  expect(await actorsOf({ after: all[1], limit: 2, inverted: false })).toEqual(hours("alice", 2, 4));
  expect(await actorsOf({ before: all[4], limit: 2, inverted: true })).toEqual(["alice 3", "alice 2"]);
  expect(await actorsOf({ after: all[0], before: all[3], limit: 9, inverted: false })).toEqual(hours("alice", 1, 3));
});
