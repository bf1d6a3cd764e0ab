import type { PGlite, Transaction } from "@electric-sql/pglite";
import { explainPostgresFailure } from "../connections/postgres-failure.ts";
import type { PostgresTarget } from "../connections/postgres-url.ts";
import type { ClientWatch } from "../connections/watched-client.ts";

/** Told of what a database does, for metrics and the log. */
export interface DatabaseObserver {
  /** @param text the statement, without its values. @param seconds from sending it to its answer, or its failure */
  statementEnded(text: string, seconds: number): void;
  /** A new connection to PostgreSQL is open. */
  connected(): void;
  /** No connection came about. @param error an OperatorError where the reason is known */
  connectFailed(error: unknown): void;
}

/** Times statements for an observer. Without one nothing is measured. */
export class StatementWatch {
  observer: DatabaseObserver | null = null;

  /** @returns what to call when the statement has ended; null where nobody wants to know */
  begin(text: string): (() => void) | null {
    const { observer } = this;
    if (observer === null) return null;
    const startedAt = performance.now();
    return () => observer.statementEnded(text, (performance.now() - startedAt) / 1_000);
  }

  async run<T>(text: string, work: () => Promise<T>): Promise<T> {
    const end = this.begin(text);
    if (end === null) return work();
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** For the connections of a pool. */
  ofClients(setting: string, target: PostgresTarget): ClientWatch {
    return {
      begin: (text) => this.begin(text),
      connected: () => this.observer?.connected(),
      connectFailed: (error) =>
        this.observer?.connectFailed(explainPostgresFailure(error, { setting, target }) ?? error),
    };
  }
}

/** PGlite whose statements are timed; outside of transactions together with their wait for its one connection. */
export function watchedPGlite(pglite: PGlite, watch: StatementWatch): PGlite {
  const within = (transaction: Transaction): Transaction => ({
    ...transaction,
    query: (...parameters: Parameters<Transaction["query"]>) =>
      watch.run(parameters[0], () => transaction.query<never>(...parameters)),
  });
  return {
    query: (...parameters: Parameters<PGlite["query"]>) =>
      watch.run(parameters[0], () => pglite.query<never>(...parameters)),
    exec: pglite.exec.bind(pglite),
    transaction: <T>(work: (transaction: Transaction) => Promise<T>) =>
      pglite.transaction((transaction) => work(watch.observer === null ? transaction : within(transaction))),
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
