import type { EntityManager } from "../db/database.ts";
import { QuotaExceededError } from "../errors/auth-error.ts";

interface QuotaRule {
  /** What a user may have, unless the operator decides otherwise. */
  readonly limit: number;
  readonly variable: string;
  /** What there would be too much of, and what its user can do. */
  readonly held: string;
  readonly cure: string;
}

/**
 * What one user may keep here, so that no user's rows are work for others. Each is far above what people and programs
 * need.
 */
export const quotas = {
  sessions: {
    limit: 1_000,
    variable: "QUOTA_SESSIONS",
    held: "sessions that are not over",
    cure: "End some with `endSession` or `endOtherSessions`",
  },
  "stored-sessions": {
    limit: 10_000,
    variable: "QUOTA_STORED_SESSIONS",
    held: "sessions, with those that are over and kept for eight days",
    cure: "Go on in a session that you have",
  },
  credentials: {
    limit: 500,
    variable: "QUOTA_CREDENTIALS",
    held: "credentials",
    cure: "Remove some with `revokeCredential`",
  },
  labels: {
    limit: 100,
    variable: "QUOTA_LABELS",
    held: "credentials of this provider and method",
    cure: "Remove some with `revokeCredential`, or replace one by connecting under its label",
  },
  "oauth-flows": {
    limit: 50,
    variable: "QUOTA_OAUTH_FLOWS",
    held: "OAuth flows that wait for an answer",
    cure: "Complete one, or wait until the oldest expire",
  },
} as const satisfies Readonly<Record<string, QuotaRule>>;

export type QuotaName = keyof typeof quotas;

export const quotaNames = Object.keys(quotas) as QuotaName[];

/** Operations of one user that run at the same moment in one process, unless the operator decides otherwise. */
export const usualOperations = 100;

/** What an operator has decided, by quota. */
export type QuotaSettings = Readonly<Record<QuotaName, number>>;

const usual = Object.fromEntries(quotaNames.map((name) => [name, quotas[name].limit])) as QuotaSettings;

/** Any constant will do; it keeps these locks apart from other uses of the same number. */
const lockSpace = 4_727_202;

/** Keeps what users store within the quotas, whichever processes they come by. */
export class Quotas {
  readonly #settings: QuotaSettings;

  constructor(settings: QuotaSettings = usual) {
    this.#settings = settings;
  }

  /**
   * Makes the transaction of `em` the only one that adds rows of this user until it ends. It comes before any row is
   * locked: whoever waits for it holds nothing that another one needs.
   */
  async lock(em: EntityManager, userId: string): Promise<void> {
    await em.execute("select pg_advisory_xact_lock(hashtextextended(?, ?))::text", [userId, lockSpace]);
  }

  /**
   * Makes sure that there is room for one more; what holds `lock` can rely on it.
   * @param rows the statement that selects what is there; it is read no further than the limit
   * @throws QuotaExceededError
   */
  async assertRoom(
    em: EntityManager,
    name: QuotaName,
    [rows, values]: readonly [sql: string, values: readonly unknown[]],
  ): Promise<void> {
    const limit = this.#settings[name];
    const counted = `select count(*)::int4 as count from (${rows} limit ?) r`;
    const [found] = await em.execute<{ count: number }[]>(counted, [...values, limit]);
    if (found!.count < limit) return;
    const { held, cure, variable } = quotas[name];
    throw new QuotaExceededError(
      name,
      limit,
      `Nothing was stored: ${limit} ${held} are the most that one user may have. ${cure}, or ask the operator to raise ${variable}.`,
    );
  }
}
