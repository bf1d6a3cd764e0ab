import { setTimeout as delay } from "node:timers/promises";

/**
 * serialization_failure and deadlock_detected
 * (https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html): PostgreSQL has undone all of it
 * because of another transaction, and the same again may well succeed.
 */
const conflictCodes = new Set(["40001", "40P01"]);

const maxTries = 5;
/** Milliseconds: the longest first wait, doubled with each further one. */
const firstWaitMs = 20;

function isConflict(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return conflictCodes.has(String((error as { code?: unknown }).code)) || isConflict(error.cause);
}

/** Runs what changes nothing outside of its own transaction, again where PostgreSQL has given it up for another one. */
export async function retryingConflicts<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (attempt === maxTries || !isConflict(error)) throw error;
      // Of two that met once more at the same moment neither would get on.
      await delay(Math.random() * firstWaitMs * 2 ** (attempt - 1));
    }
  }
}
