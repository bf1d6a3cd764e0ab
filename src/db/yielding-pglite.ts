import { setImmediate } from "node:timers/promises";
import type { PGlite } from "@electric-sql/pglite";

/**
 * PGlite computes within this process: statements that wait for it run one after another without a pause, and nothing
 * else of the server does meanwhile. Here the event loop has a turn after each; those of a transaction, which must be
 * over soon, are left as they are.
 * @returns what the ORM uses of PGlite
 */
export function yieldingPGlite(pglite: PGlite): PGlite {
  const turn = () => setImmediate();
  let last: Promise<unknown> = Promise.resolve();
  const query: PGlite["query"] = (...parameters) => {
    const answer = last.then(() => pglite.query<never>(...parameters));
    last = answer.then(turn, turn);
    return answer;
  };
  return {
    query,
    exec: pglite.exec.bind(pglite),
    transaction: pglite.transaction.bind(pglite),
    close: () => pglite.close(),
    get closed() {
      return pglite.closed;
    },
    get ready() {
      return pglite.ready;
    },
    waitReady: pglite.waitReady,
  } as Partial<PGlite> as PGlite;
}
