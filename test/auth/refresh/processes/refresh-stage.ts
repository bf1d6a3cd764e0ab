import { join } from "node:path";
import { vi } from "vitest";
import { systemClock } from "../../../../src/clock.ts";
import { loadConfig } from "../../../../src/config.ts";
import { ProviderCredentialEntity, type ProviderCredential } from "../../../../src/credentials/provider-credential.ts";
import { Secret } from "../../../../src/credentials/secret.ts";
import { openVault, type Vault } from "../../../../src/credentials/vault.ts";
import { type Database, openDatabase } from "../../../../src/db/database.ts";
import { migrate } from "../../../../src/db/migrate.ts";
import type { RefreshOracle } from "../../../support/refresh-oracle.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { testEnvironment } from "../../../support/test-app.ts";
import { createServerDatabase } from "../../../support/test-database.ts";
import type { ChildTask } from "./child.ts";
import { RefreshProcess } from "./refresh-process.ts";
import { providerName, rotatingProvider } from "./rotating-provider.ts";

/** What the processes of a stage refresh at. */
type StageProvider = Pick<RefreshOracle, "mint" | "isCurrent"> & {
  environment(provider: string): Record<string, string>;
};

interface StageOptions {
  readonly provider: StageProvider;
  readonly credentials: number;
  readonly graceSeconds?: number;
  /** The database, where it is not one of the test server's. */
  readonly databaseUrl?: string;
  /** What the processes are told instead, as where a proxy stands before the database. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A PostgreSQL database with credentials, and processes that refresh them at one provider. */
export class RefreshStage implements AsyncDisposable {
  readonly database: Database;
  readonly #provider: StageProvider;
  readonly #vault: Vault;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #graceSeconds: number;
  readonly #compileCache: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: {
    readonly database: Database;
    readonly provider: StageProvider;
    readonly vault: Vault;
    readonly environment: Readonly<Record<string, string>>;
    readonly graceSeconds: number;
    readonly compileCache: string;
    readonly stack: AsyncDisposableStack;
  }) {
    this.database = parts.database;
    this.#provider = parts.provider;
    this.#vault = parts.vault;
    this.#environment = parts.environment;
    this.#graceSeconds = parts.graceSeconds;
    this.#compileCache = parts.compileCache;
    this.#stack = parts.stack;
  }

  /** Null where there is no PostgreSQL to test with. */
  static async set({
    provider,
    credentials,
    graceSeconds = 0,
    ...options
  }: StageOptions): Promise<RefreshStage | null> {
    const url = options.databaseUrl ?? (await createServerDatabase());
    if (url === null) return null;
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const environment = {
      ...testEnvironment,
      LOG_LEVEL: "warn",
      ...provider.environment(providerName),
      DATABASE_URL: url,
      DATA_DIR: folder.path,
      ...options.environment,
    };
    const database = stack.use(await openDatabase({ kind: "postgres", url }));
    await migrate(database);
    const config = loadConfig([rotatingProvider(graceSeconds)], environment);
    const vault = await openVault(database, config, systemClock);
    const compileCache = join(folder.path, "compile-cache");
    const parts = { database, provider, vault, environment, graceSeconds, compileCache };
    const stage = new RefreshStage({ ...parts, stack: stack.move() });
    for (let index = 0; index < credentials; index++) await stage.connect(`user-${index}`);
    return stage;
  }

  /** A new sign-in at the provider, stored. */
  async connect(userId: string): Promise<ProviderCredential> {
    const { accessToken, refreshToken, expiresIn } = await this.#provider.mint(userId);
    const key = { userId, provider: providerName, authMethod: "oauth", label: "default" } as const;
    return this.database.transaction((em) =>
      this.#vault.store.put(em, key, {
        method: "oauth",
        accessToken: new Secret(accessToken),
        refreshToken: new Secret(refreshToken),
        expiresAt: new Date(Date.now() + expiresIn * 1000),
        scopes: ["inference"],
        account: null,
      }),
    );
  }

  /** Starts a process. All of a stage share one data folder, as after a restart on the same machine. */
  async start(task: Partial<ChildTask> = {}): Promise<RefreshProcess> {
    const { environment, ...others } = task;
    const options = { die: null, maxInFlight: 16, intervalMs: 50, ...others };
    const all = { ...this.#environment, ...environment };
    const child = { ...options, environment: all, graceSeconds: this.#graceSeconds };
    return RefreshProcess.start(child, this.#compileCache);
  }

  /** Makes all that still work due. */
  async makeDue(): Promise<void> {
    await this.#execute("update provider_credentials set next_try_at = now() where next_try_at is not null");
  }

  /** Makes all that still work expired, and due. */
  async expire(): Promise<void> {
    await this.#execute(
      "update provider_credentials set expires_at = now() - interval '1 minute', next_try_at = now() where next_try_at is not null",
    );
  }

  /** As if so much time had passed that the leases of dead processes are over, and lost answers may be asked for again. */
  async passLeases(): Promise<void> {
    await this.#execute(
      "update provider_credentials set lease_until = now() - interval '1 second', replay_after = now(), next_try_at = now() where lease_until is not null or sent_at is not null",
    );
  }

  /** Waits until no credential is due any more, nor has been claimed and not yet been stored or given back. */
  async settle(): Promise<void> {
    const check = async () => {
      const count = await this.#countUnsettled();
      if (count > 0) throw new Error(`${count} credentials are still to be refreshed`);
    };
    await vi.waitFor(check, { timeout: 60_000, interval: 50 });
  }

  async #countUnsettled(): Promise<number> {
    const [row] = await this.#execute<{ count: number }>(
      "select count(*)::int as count from provider_credentials where lease_until is not null or sent_at is not null or next_try_at <= now()",
    );
    return row!.count;
  }

  /** All rows, by user. */
  async rows(): Promise<ProviderCredential[]> {
    return this.database.em().findAll(ProviderCredentialEntity, { orderBy: { userId: "asc" } });
  }

  /** Rows that claim to work and whose refresh token the provider would refuse. */
  async silentlyWrong(): Promise<ProviderCredential[]> {
    const active = (await this.rows()).filter(({ status }) => status === "active");
    const current = await Promise.all(active.map((row) => this.#isCurrent(row)));
    return active.filter((_row, index) => !current[index]);
  }

  async #isCurrent(row: ProviderCredential): Promise<boolean> {
    const credentials = this.#vault.sealer.open(row, { expiresAt: row.expiresAt ?? null, scopes: row.scopes });
    if (credentials.method !== "oauth" || credentials.refreshToken === null) throw new Error("no refresh token");
    return this.#provider.isCurrent(credentials.refreshToken.reveal());
  }

  async #execute<Row>(sql: string): Promise<Row[]> {
    return this.database.em().execute<Row[]>(sql);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
