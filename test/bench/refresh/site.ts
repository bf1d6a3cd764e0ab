import { RefreshStage } from "../../refresh/processes/refresh-stage.ts";
import { StrictProviderProcess } from "../../support/strict-provider-process.ts";
import type { BenchSurroundings } from "../bench.ts";
import { createScratchDatabase } from "../scratch-database.ts";
import { BatchedProvider } from "./batched-provider.ts";
import { heal } from "./heal.ts";
import type { PinnedNode } from "./pinning.ts";
import { WorkerProcess } from "./worker-process.ts";

interface WorkerOptions {
  readonly maxInFlight?: number;
  /** Milliseconds between two looks for what is due. */
  readonly intervalMs?: number;
  /** Where it keeps its spool, if not with all others. */
  readonly dataDir?: string;
  readonly pinned?: PinnedNode | null;
}

/** What became of the sign-ins, as the provider sees it. */
export interface Verdict {
  /** Sign-ins that have ended. */
  readonly lost: number;
  /** Of these, the ones whose row says why: the answer to a renewal was lost. */
  readonly explained: number;
  /** Rows that claim to work and whose refresh token the provider would refuse. */
  readonly wrong: number;
  /** Renewals that were stored. */
  readonly stored: number;
}

/** A database on the bench's PostgreSQL with sign-ins at a strict provider, and processes that refresh them. */
export class RefreshSite implements AsyncDisposable {
  readonly stage: RefreshStage;
  readonly databaseUrl: string;
  readonly provider: StrictProviderProcess;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: {
    readonly stage: RefreshStage;
    readonly databaseUrl: string;
    readonly provider: StrictProviderProcess;
    readonly stack: AsyncDisposableStack;
  }) {
    this.stage = parts.stage;
    this.databaseUrl = parts.databaseUrl;
    this.provider = parts.provider;
    this.#stack = parts.stack;
  }

  /**
   * @param lifetime seconds that access tokens live.
   * @throws Error where no PostgreSQL is named, or it does not answer.
   */
  static async open(
    { credentials, lifetime }: { readonly credentials: number; readonly lifetime: number },
    { progress }: BenchSurroundings,
  ): Promise<RefreshSite> {
    const serverUrl = process.env["BENCH_DATABASE_URL"] || process.env["TEST_DATABASE_URL"];
    if (!serverUrl) throw new Error("Several processes need PostgreSQL: set BENCH_DATABASE_URL or TEST_DATABASE_URL.");
    await using stack = new AsyncDisposableStack();
    const { url } = stack.use(await createScratchDatabase(serverUrl));
    progress(`storing ${credentials} sign-ins`);
    const provider = stack.use(await StrictProviderProcess.start({ accessTokenLifetime: lifetime }));
    const stage = await RefreshStage.set({
      provider: new BatchedProvider(provider),
      credentials,
      databaseUrl: url,
      environment: { LOG_LEVEL: "error" },
    });
    if (stage === null) throw new Error("the stage has no database");
    stack.use(stage);
    stage.heal = () => heal(stage);
    const site = new RefreshSite({ stage, databaseUrl: url, provider, stack: stack.move() });
    // Otherwise the planner's statistics come at some moment in the middle of the rounds.
    await site.query("analyze provider_credentials");
    return site;
  }

  async start({
    maxInFlight = 16,
    intervalMs = 50,
    dataDir,
    pinned = null,
  }: WorkerOptions = {}): Promise<WorkerProcess> {
    const environment = { ...this.stage.environment, ...(dataDir === undefined ? {} : { DATA_DIR: dataDir }) };
    return WorkerProcess.start({ environment, graceSeconds: 0, die: null, maxInFlight, intervalMs }, pinned);
  }

  async query<Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.stage.database.query<Row>({ name: "", text: sql }, values);
  }

  /** Lets all sign-ins wait, so that processes have nothing to do while they start. */
  async park(): Promise<void> {
    await this.query("update provider_credentials set next_try_at = null, expiry_notice_at = null");
  }

  /** Makes all sign-ins fall due in the course of their lifetime from now on, as if they had been stored one by one. */
  async spread(lifetime: number): Promise<void> {
    await this.query(
      `update provider_credentials set expires_at = at + $1 * interval '0.2 seconds', refresh_after = at, next_try_at = at,
          expiry_notice_at = at + $1 * interval '0.2 seconds'
        from (select id as spread_id, clock_timestamp() + random() * $1 * interval '0.8 seconds' as at
          from provider_credentials) spread
        where id = spread_id`,
      [lifetime],
    );
  }

  /** Asks the provider about each sign-in, once no process works any more. */
  async judge(): Promise<Verdict> {
    const rows = await this.stage.rows();
    const lost = rows.filter(({ status }) => status !== "active");
    return {
      lost: lost.length,
      explained: lost.filter(({ statusReason }) => statusReason?.includes("rotation_lost")).length,
      wrong: (await this.stage.silentlyWrong()).length,
      stored: rows.reduce((sum, { tokenVersion }) => sum + tokenVersion - 1, 0),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
