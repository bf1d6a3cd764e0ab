import type { PGlite, Transaction } from "@electric-sql/pglite";
import type { DiskWatch } from "./disk-watch.ts";

/** SQLSTATE `disk_full`. */
const diskFull = "53100";

const isDiskFull = (error: unknown) => error instanceof Error && "code" in error && error.code === diskFull;

/** A statement that is neither answered nor refused: after it PGlite would roll back, and that could last for ever. */
const never = () => new Promise<never>(() => {});

/**
 * PGlite that gets no statement any more once its disk is full, not even the one that would end a transaction.
 * @returns what the ORM and the server use of PGlite; everything rejects with the failure then.
 */
export function guardedPGlite(pglite: PGlite, watch: DiskWatch): PGlite {
  const failing = watch.failed.then((failure) => {
    throw failure;
  });
  failing.catch(() => {});

  async function guard<T>(work: () => Promise<T>): Promise<T> {
    if (watch.failure !== null) throw watch.failure;
    try {
      return await Promise.race([work(), failing]);
    } catch (error) {
      throw (isDiskFull(error) ? watch.look() : null) ?? error;
    }
  }

  const within = (transaction: Transaction): Transaction => ({
    ...transaction,
    query: async (...parameters) => {
      if (watch.failure !== null) return never();
      try {
        return await transaction.query<never>(...parameters);
      } catch (error) {
        if (isDiskFull(error) && watch.look() !== null) return never();
        throw error;
      }
    },
  });

  return {
    query: (...parameters: Parameters<PGlite["query"]>) => guard(() => pglite.query(...parameters)),
    exec: (...parameters: Parameters<PGlite["exec"]>) => guard(() => pglite.exec(...parameters)),
    transaction: <T>(work: (transaction: Transaction) => Promise<T>) =>
      guard(() => pglite.transaction((transaction) => work(within(transaction)))),
    // Closing writes what is in memory.
    close: () => (watch.failure === null ? pglite.close() : Promise.resolve()),
    get closed() {
      return pglite.closed;
    },
    get ready() {
      return pglite.ready;
    },
    waitReady: pglite.waitReady,
  } as Partial<PGlite> as PGlite;
}
