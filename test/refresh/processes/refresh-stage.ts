import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { vi } from "vitest";
import { openDatabase } from "../../../src/app/database.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { ProviderCredentialEntity, type ProviderCredential } from "../../../src/credentials/provider-credential.ts";
import { openVault, type Vault } from "../../../src/credentials/vault.ts";
import type { Database } from "../../../src/db/database.ts";
import { migrate } from "../../../src/db/migrate.ts";
import { EventEntity } from "../../../src/events/event.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { Secret } from "../../../src/lib/secret.ts";
import type { OAuthCredentials } from "../../../src/providers/provider-auth.ts";
import type { RefreshOracle } from "../../support/refresh-oracle.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { testEnvironment } from "../../support/test-app.ts";
import { createMigratedServerDatabase } from "../../support/test-database.ts";
import type { ChildTask } from "./child.ts";
import { type ProcessSetting, RefreshProcess } from "./refresh-process.ts";
import { providerName, rotatingProvider } from "./rotating-provider.ts";

/** What the processes of a stage refresh at. */
export type StageProvider = Pick<RefreshOracle, "mint" | "isCurrent"> & {
  environment(provider: string): Record<string, string>;
};

interface StageOptions {
  readonly provider: StageProvider;
  readonly credentials: number;
  readonly graceSeconds?: number;
  /** The provider's name in the rows, where it is not the one that only these processes know. */
  readonly name?: string;
  /** The database, where it is not one of the test server's. */
  readonly databaseUrl?: string;
  /** What the processes are told instead, as where a proxy stands before the database. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** How a process is started, where it is not as usual. */
interface StartOptions extends Partial<ChildTask>, ProcessSetting {
  /** A name for its data folder; all without one share theirs, as after a restart on the same machine. */
  readonly folder?: string;
}

/** An event, without its body. */
interface StageEvent {
  readonly userId: string;
  readonly seq: number;
  readonly type: string;
}

/** A PostgreSQL database with credentials, and processes that refresh them at one provider. */
export class RefreshStage implements AsyncDisposable {
  readonly database: Database;
  readonly #provider: StageProvider;
  readonly #vault: Vault;
  readonly #name: string;
  /** What the configuration of a server on this stage is read from. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #graceSeconds: number;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: {
    readonly database: Database;
    readonly provider: StageProvider;
    readonly vault: Vault;
    readonly name: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly graceSeconds: number;
    readonly stack: AsyncDisposableStack;
  }) {
    this.database = parts.database;
    this.#provider = parts.provider;
    this.#vault = parts.vault;
    this.#name = parts.name;
    this.environment = parts.environment;
    this.#graceSeconds = parts.graceSeconds;
    this.#stack = parts.stack;
  }

  /** Null where there is no PostgreSQL to test with. */
  static async set({
    provider,
    credentials,
    graceSeconds = 0,
    name = providerName,
    ...options
  }: StageOptions): Promise<RefreshStage | null> {
    const url = options.databaseUrl ?? (await createMigratedServerDatabase());
    if (url === null) return null;
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const environment = {
      ...testEnvironment,
      LOG_LEVEL: "warn",
      ...provider.environment(name),
      DATABASE_URL: url,
      DATA_DIR: folder.path,
      ...options.environment,
    };
    const database = stack.use(await openDatabase({ kind: "postgres", url, poolSize: 3 }));
    await migrate(database);
    const config = loadConfig([rotatingProvider(graceSeconds)], environment);
    const vault = await openVault(database, config, systemClock);
    const parts = { database, provider, vault, name, environment, graceSeconds };
    const stage = new RefreshStage({ ...parts, stack: stack.move() });
    await stage.#connectAll(credentials);
    return stage;
  }

  /** A new sign-in at the provider, stored; of an account there that has the user's name unless another is given. */
  async connect(userId: string, label = "default", account = userId): Promise<ProviderCredential> {
    const key = { userId, provider: this.#name, authMethod: "oauth", label } as const;
    const credentials = await this.#signIn(account);
    return this.database.transaction((em) => this.#vault.store.put(em, key, credentials));
  }

  /** Many sign-ins; all but the first are written as that one was, a thousand at once. */
  async #connectAll(count: number): Promise<void> {
    if (count === 0) return;
    const first = await this.connect("user-0");
    for (let from = 1; from < count; from += 1_000) {
      const numbers = Array.from({ length: Math.min(1_000, count - from) }, (_, index) => from + index);
      const rows = await Promise.all(numbers.map((number) => this.#copy(first, `user-${number}`)));
      await this.database.em().insertMany(ProviderCredentialEntity, rows);
    }
  }

  async #copy(
    { labelKey: _computed, ...row }: ProviderCredential,
    userId: string,
  ): Promise<Omit<ProviderCredential, "labelKey">> {
    const { sealer, scheduler } = this.#vault;
    const credentials = await this.#signIn(userId);
    const { method, expiresAt } = credentials;
    const lifetime = { method, expiresAt, refreshable: true, earliestRefreshAt: null };
    const { refreshAfter, expiryNoticeAt } = scheduler.plan(lifetime, new Date());
    const place = { ...row, id: randomUUID(), userId };
    return {
      ...place,
      ...sealer.seal(credentials, place),
      fingerprint: sealer.fingerprint(userId, credentials),
      last4: sealer.last4(credentials),
      expiresAt,
      refreshAfter,
      nextTryAt: refreshAfter,
      expiryNoticeAt,
    };
  }

  async #signIn(userId: string): Promise<OAuthCredentials> {
    const { accessToken, refreshToken, expiresIn } = await this.#provider.mint(userId);
    return {
      method: "oauth",
      accessToken: new Secret(accessToken),
      refreshToken: new Secret(refreshToken),
      expiresAt: new Date(Date.now() + expiresIn * 1000),
      scopes: ["inference"],
      account: null,
    };
  }

  async start({ environment, folder, variables, preload, ...others }: StartOptions = {}): Promise<RefreshProcess> {
    const options = { die: null, maxInFlight: 16, intervalMs: 50, ...others };
    const own = folder === undefined ? {} : { DATA_DIR: join(this.environment["DATA_DIR"]!, folder) };
    const all = { ...this.environment, ...own, ...environment };
    const task = { ...options, environment: all, graceSeconds: this.#graceSeconds };
    const setting = { ...(variables && { variables }), ...(preload && { preload }) };
    return RefreshProcess.start(task, setting);
  }

  /** Starts so many processes, each with a data folder of its own, as on so many machines. */
  async startAll(count: number, options: StartOptions = {}): Promise<RefreshProcess[] & AsyncDisposable> {
    const names = Array.from({ length: count }, (_, index) => `machine-${index}`);
    const processes = await Promise.all(names.map((folder) => this.start({ folder, ...options })));
    const dispose = async () => {
      await Promise.all(processes.map((child) => child[Symbol.asyncDispose]()));
    };
    return Object.assign(processes, { [Symbol.asyncDispose]: dispose });
  }

  /** Makes all that still work due, or one user's alone. */
  async makeDue(userId: string | null = null): Promise<void> {
    await this.database
      .em()
      .execute(
        "update provider_credentials set next_try_at = now() where next_try_at is not null and coalesce(user_id = ?, true)",
        [userId],
      );
  }

  /** Makes all that still work expired, and due. */
  async expire(): Promise<void> {
    await this.#execute(
      "update provider_credentials set expires_at = now() - interval '1 minute', next_try_at = now() where next_try_at is not null",
    );
  }

  /**
   * As if so much time had passed that the leases of dead processes are over, and lost answers may be asked for again.
   */
  async passLeases(): Promise<void> {
    await this.#execute(
      "update provider_credentials set lease_until = now() - interval '1 second', replay_after = now(), next_try_at = now() where lease_until is not null or sent_at is not null",
    );
  }

  /** The ids of the credentials that a process has claimed, and neither stored nor given back. */
  async leased(): Promise<string[]> {
    const rows = await this.#execute<{ id: string }>("select id from provider_credentials where lease_until > now()");
    return rows.map(({ id }) => id);
  }

  /** All events, by user, and for each user in their order. */
  async events(): Promise<StageEvent[]> {
    const rows = await this.database.em().findAll(EventEntity, { orderBy: { userId: "asc", seq: "asc" } });
    return rows.map(({ userId, seq, type }) => ({ userId, seq, type }));
  }

  /** Takes up what ended processes have left, as if their leases were over. None may run any more. */
  async heal(): Promise<void> {
    const [now] = await this.#execute<{ text: string }>("select (now() + interval '10 milliseconds')::text as text");
    await this.passLeases();
    await using healer = await this.start({ folder: "healer" });
    const check = async () => {
      const left = await this.database
        .em()
        .execute<unknown[]>("select 1 from provider_credentials where sent_at < ?::timestamptz", [now!.text]);
      if (left.length > 0) throw new Error(`of ${left.length} credentials nobody knows what became of them`);
    };
    await vi.waitFor(check, { timeout: 120_000, interval: 50 });
    await healer.stop();
  }

  /** Waits until no credential is due any more, nor has been claimed and not yet been stored or given back. */
  async settle(): Promise<void> {
    const check = async () => {
      const count = await this.#countUnsettled();
      if (count > 0) throw new Error(`${count} credentials are still to be refreshed`);
    };
    await vi.waitFor(check, { timeout: 120_000, interval: 50 });
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
    const credentials = await this.#vault.sealer.open(row, { expiresAt: row.expiresAt ?? null, scopes: row.scopes });
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
