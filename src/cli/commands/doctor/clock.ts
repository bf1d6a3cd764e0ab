import type { Database } from "../../../db/database.ts";
import { fail, type Finding, ok, warn } from "./check.ts";

/** Milliseconds of difference that matter little, and that matter. */
const slightMs = 1_000;
const muchMs = 30_000;

const timeQuery = { name: "doctor_time", text: "select (extract(epoch from clock_timestamp()) * 1000)::float8 as now" };

/** This machine's clock decides whether a caller's token is valid, the database's when a credential is due. */
export async function checkClock(database: Database): Promise<Finding> {
  if (database.url === null) return ok("the embedded database uses this machine's clock");
  const before = Date.now();
  const [row] = await database.query<{ now: number }>(timeQuery, []);
  const away = (before + Date.now()) / 2 - row!.now;
  const distance = Math.abs(away);
  if (distance < slightMs) return ok(`within ${Math.ceil(distance)} ms of the database's`);
  const cause = `This machine's clock is ${(distance / 1000).toFixed(1)} s ${away > 0 ? "ahead of" : "behind"} the database's.`;
  const cure = "Synchronize both clocks with NTP. Otherwise tokens are refused too early or accepted too long.";
  return distance < muchMs ? warn(cause, cure) : fail(cause, cure);
}
