import { setTimeout as delay } from "node:timers/promises";
import { type Clock, systemClock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../observability/logger.ts";
import { type Database, isEmbeddedMade, openDatabase } from "./database.ts";
import { DatabaseClock } from "./database-clock.ts";

/** How long the database may take to answer before the server counts as not ready. */
const readyDeadlineMs = 2_000;

/** Opens PostgreSQL where the configuration names one, else the embedded database in its folder. */
export async function openConfiguredDatabase(
  { databaseUrl, dataDir }: Pick<Config, "databaseUrl" | "dataDir">,
  onStep: (step: string) => void,
): Promise<Database> {
  if (databaseUrl === null) {
    const database = await openDatabase({ kind: "embedded", dataDir });
    onStep(`embedded database opened in ${dataDir}`);
    return database;
  }
  const database = await openDatabase({ kind: "postgres", url: databaseUrl.reveal() });
  onStep(`connected to PostgreSQL at ${new URL(databaseUrl.reveal()).host}`);
  return database;
}

/** Whether there is something to open; the embedded database is made when it is first opened. */
export function isDatabaseMade({ databaseUrl, dataDir }: Pick<Config, "databaseUrl" | "dataDir">): boolean {
  return databaseUrl !== null || isEmbeddedMade(dataDir);
}

/** The clock that a database's times go by; the embedded one goes by this process's own. */
export async function openClock(database: Database, log: Logger): Promise<Clock & Disposable> {
  if (database.url !== null) return DatabaseClock.start(database, log);
  return { now: () => systemClock.now(), [Symbol.dispose]: () => {} };
}

/** Whether a database answers, and soon enough. */
export async function answersInTime(database: Database): Promise<boolean> {
  const answer = database.query({ name: "ready", text: "select 1" }, []).then(
    () => true,
    () => false,
  );
  return Promise.race([answer, delay(readyDeadlineMs, false, { ref: false })]);
}
