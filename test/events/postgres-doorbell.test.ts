import pg from "pg";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { PostgresDoorbell } from "../../src/events/postgres-doorbell.ts";
import { createServerDatabase } from "../support/test-database.ts";

const log = pino({ level: "silent" });
const url = await createServerDatabase();

/** Resolves when the doorbell has rung for all of these users. */
function heard(doorbell: PostgresDoorbell, users: Iterable<string>): Promise<void> {
  const waiting = new Set(users);
  const { promise, resolve } = Promise.withResolvers<void>();
  doorbell.onRing((user) => {
    waiting.delete(user);
    if (waiting.size === 0) resolve();
  });
  return promise;
}

describe.skipIf(url === null)("on PostgreSQL", () => {
  test("a ring in one process is heard in it and in every other", async () => {
    await using here = await PostgresDoorbell.connect(url!, log);
    await using there = await PostgresDoorbell.connect(url!, log);
    const both = Promise.all([heard(here, ["alice"]), heard(there, ["alice"])]);
    here.ring("alice");
    await expect(both).resolves.toBeDefined();
  });

  test("more users than one notification can carry are all told, whatever their ids hold", async () => {
    await using here = await PostgresDoorbell.connect(url!, log);
    await using there = await PostgresDoorbell.connect(url!, log);
    const users = Array.from({ length: 500 }, (_, index) => `${"ü\"'\\ ".repeat(10)}${index}`);
    const all = heard(there, users);
    for (const user of users) here.ring(user);
    await expect(all).resolves.toBeUndefined();
  });

  test("a doorbell whose connection the server has ended rings again", async () => {
    await using here = await PostgresDoorbell.connect(url!, log);
    await using there = await PostgresDoorbell.connect(url!, log);
    const admin = new pg.Client({ connectionString: url! });
    await admin.connect();
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'maestro-auth doorbell' and datname = current_database()",
    );
    const again = heard(there, ["alice"]);
    const ringing = setInterval(() => here.ring("alice"), 50);
    await expect(again).resolves.toBeUndefined();
    clearInterval(ringing);
    await admin.end();
  });

  test("a server that is away keeps nobody from starting", async () => {
    await using doorbell = await PostgresDoorbell.connect("postgres://nobody@127.0.0.1:1/none", log);
    const local = heard(doorbell, ["alice"]);
    doorbell.ring("alice");
    await expect(local).resolves.toBeUndefined();
  });
});
