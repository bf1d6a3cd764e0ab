import type { Database } from "../../src/db/database.ts";
import { createTestDatabase } from "./test-database.ts";

/** The same database, whose next transaction, once `hold` was called, waits until it is let go. */
export function holdable(database: Database) {
  let gate: { reached: () => void; released: Promise<void> } | null = null;
  const transaction: Database["transaction"] = async (work) => {
    const held = gate;
    gate = null;
    held?.reached();
    await held?.released;
    return database.transaction(work);
  };
  const hold = () => {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    gate = { reached: reached.resolve, released: released.promise };
    return { reached: reached.promise, release: released.resolve };
  };
  return { database: { ...database, transaction }, hold };
}

/** The worker's test database as a `holdable` one. */
export async function holdableDatabase() {
  return holdable(await createTestDatabase());
}
