import type { Database } from "../../src/db/database.ts";

/** A database whose statements fail from a moment on; what goes through its EntityManager still works. */
export function breakableDatabase(database: Database, error: Error) {
  let isBroken = false;
  const query: Database["query"] = (statement, values) =>
    isBroken ? Promise.reject(error) : database.query(statement, values);
  return { database: { ...database, query }, break: () => void (isBroken = true) };
}
