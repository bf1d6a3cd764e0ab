import { existsSync } from "node:fs";
import { mkdir, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";
import { dataDir as prepopulatedDataDir } from "@electric-sql/pglite-prepopulatedfs";
import { Migrator } from "@mikro-orm/migrations";
import { PgliteDriver } from "@mikro-orm/pglite";
import { type PostgreSqlConnection, PostgreSqlDriver } from "@mikro-orm/postgresql";
import {
  type AbstractSqlDriver,
  createPostgreSqlTypeParsers,
  MikroORM,
  type SqlEntityManager,
  type SqlOptions,
} from "@mikro-orm/sql";
import array from "postgres-array";
import { extract } from "tar";
import { OAuthFlowEntity } from "../auth/oauth-flow.ts";
import { RateLimitEntity } from "../callers/rate-limit-row.ts";
import { CredentialUseEntity, ProviderCredentialEntity } from "../credentials/provider-credential.ts";
import { ServerProcessEntity } from "../credentials/rotation/server-process.ts";
import { EncryptionKeyEntity } from "../credentials/sealing/encryption-key.ts";
import { EventEntity, UserStreamEntity } from "../events/event.ts";
import { AuditEntryEntity } from "../observability/audit-log.ts";
import { OperatorError } from "../operator-error.ts";
import { SessionEntity, SessionProviderEntity } from "../sessions/session.ts";
import { useBaselineWasm } from "./baseline-wasm.ts";
import { lockFolder } from "./folder-lock.ts";
import { yieldingPGlite } from "./yielding-pglite.ts";

/** Both drivers' EntityManager. */
export type EntityManager = SqlEntityManager;

/** A statement of a hot path. PostgreSQL plans it once for each connection, under its name. */
export interface PreparedStatement {
  readonly name: string;
  /** With `$1`, `$2`, … */
  readonly text: string;
}

/** The database behind everything: PostgreSQL, or PGlite in a folder or in memory. */
export interface Database extends AsyncDisposable {
  readonly orm: Orm;
  /** Where other processes listen, for PostgreSQL; the embedded database has no other processes. */
  readonly url: string | null;
  /** A fresh EntityManager: one for each operation, never shared. */
  em(): EntityManager;
  /** Runs `work` in a transaction; everything inside must use the EntityManager that it is given. */
  transaction<T>(work: (em: EntityManager) => Promise<T>): Promise<T>;
  query<Row>(statement: PreparedStatement, values: readonly unknown[]): Promise<Row[]>;
  /** How many of the pool's connections are in use, idle, and waited for; null for the embedded database. */
  connections(): { readonly busy: number; readonly idle: number; readonly waiting: number } | null;
  /** Runs `work` while no other process does the same on this database. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

export type DatabaseLocation =
  | {
      readonly kind: "postgres";
      readonly url: string;
      /** Connections at most; 10 unless it is given. */
      readonly poolSize?: number;
    }
  | { readonly kind: "embedded"; readonly dataDir: string }
  | { readonly kind: "memory" };

/** Any constant will do; it names the lock of `exclusively`. */
const exclusiveLock = 4_727_201;

export const migrationsFolder = fileURLToPath(new URL("../../migrations", import.meta.url));

const common = {
  entities: [
    ProviderCredentialEntity,
    CredentialUseEntity,
    EncryptionKeyEntity,
    ServerProcessEntity,
    UserStreamEntity,
    EventEntity,
    AuditEntryEntity,
    OAuthFlowEntity,
    SessionEntity,
    SessionProviderEntity,
    RateLimitEntity,
  ],
  extensions: [Migrator],
  forceUtcTimezone: true,
  implicitTransactions: false,
  logger: () => {},
  migrations: {
    path: migrationsFolder,
    // Compiled ones have their types beside them.
    glob: "!(*.d).{ts,js}",
    snapshot: false,
    silent: true,
  },
} satisfies SqlOptions;

type Orm = MikroORM<AbstractSqlDriver, EntityManager>;

function createOrm(options: object): Orm {
  return new MikroORM({ ...common, ...options } as SqlOptions);
}

// MikroORM takes dates and arrays as PostgreSQL's text and converts them itself.
const parsers = createPostgreSqlTypeParsers((text) => array.parse(text)) as Record<number, (value: string) => unknown>;

/** A prepared file system saves the initdb of a first start: about a second instead of several. */
async function createPGlite(): Promise<PGlite> {
  return PGlite.create({ parsers, loadDataDir: await prepopulatedDataDir() });
}

/** Unpacks the prepared file system without PGlite: a second instance of it would take another 100 MB. */
async function unpackDatabase(folder: string): Promise<void> {
  const archive = Buffer.from(await (await prepopulatedDataDir()).arrayBuffer());
  let failure: unknown = null;
  // The library goes on after a file that it could not write, and tells of it as a warning.
  const onwarn = (code: string, message: string | Error, { syscall, ...data }: { syscall?: string; code?: string }) => {
    if (code === "TAR_ENTRY_ERROR") failure ??= Object.assign(new Error(String(message)), { code: data.code, syscall });
  };
  await pipeline(Readable.from([archive]), extract({ cwd: folder, onwarn }));
  if (failure !== null) throw failure;
}

const pgliteFolder = (folder: string) => join(folder, "pglite");

/** Whether a data folder has a database already. */
export function isEmbeddedMade(folder: string): boolean {
  return existsSync(pgliteFolder(folder));
}

async function openPGlite(folder: string): Promise<PGlite> {
  const dataDir = pgliteFolder(folder);
  if (!existsSync(dataDir)) {
    // Made under another name first: what a crash leaves half made is never taken for a database.
    const draft = join(folder, "pglite.new");
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { mode: 0o700 });
    await unpackDatabase(draft);
    await rename(draft, dataDir);
  }
  try {
    return await PGlite.create({ parsers, dataDir });
  } catch (error) {
    throw await explainUnopened(folder, error);
  }
}

/** Bytes that PostgreSQL needs at least to start: a segment of its write-ahead log. */
const roomToStart = 16 * 1024 * 1024;

/** PGlite says only that it could not start. */
async function explainUnopened(folder: string, cause: unknown): Promise<OperatorError> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < roomToStart) {
    return new OperatorError(
      `The disk of ${folder} is full: the embedded database cannot start.`,
      "Free some space and start again. What was stored is kept.",
      { cause },
    );
  }
  return new OperatorError(
    `The embedded database in ${folder} cannot be opened.`,
    "Restore a backup of that folder, or choose another one with DATA_DIR. Nothing was changed.",
    { cause },
  );
}

/** Opens a database; migrations are a step of their own. */
export async function openDatabase(location: DatabaseLocation): Promise<Database> {
  if (location.kind === "postgres") return openServer(location.url, location.poolSize ?? 10);
  useBaselineWasm();
  const lock = location.kind === "embedded" ? lockFolder(location.dataDir) : null;
  try {
    const pglite = await (location.kind === "embedded" ? openPGlite(location.dataDir) : createPGlite());
    return embeddedDatabase(pglite, lock);
  } catch (error) {
    lock?.[Symbol.dispose]();
    throw error;
  }
}

function embeddedDatabase(pglite: PGlite, lock: Disposable | null): Database {
  const orm = createOrm({ driver: PgliteDriver, dbName: "maestro", driverOptions: { pglite: yieldingPGlite(pglite) } });
  return {
    orm,
    url: null,
    em: () => orm.em.fork(),
    transaction: (work) => orm.em.fork().transactional(work),
    query: async <Row>(statement: PreparedStatement, values: readonly unknown[]) =>
      (await pglite.query<Row>(statement.text, [...values])).rows,
    connections: () => null,
    // The folder lock already keeps other processes out.
    exclusively: (work) => work(),
    [Symbol.asyncDispose]: async () => {
      await orm.close();
      await pglite.close();
      lock?.[Symbol.dispose]();
    },
  };
}

/** As `transactional` of an EntityManager, which never gives back a connection that broke within the transaction. */
async function inTransaction<T>(orm: Orm, work: (em: EntityManager) => Promise<T>): Promise<T> {
  let failure: { readonly error: unknown } | null = null;
  try {
    return await orm.em
      .getKysely()
      .transaction()
      .execute(async (transaction) => {
        try {
          const em = orm.em.fork();
          em.setTransactionContext(transaction);
          const result = await work(em);
          await em.flush();
          return result;
        } catch (error) {
          failure = { error };
          throw error;
        }
      });
  } catch (error) {
    // Where the connection broke the rollback fails too, and says less.
    throw (failure as { readonly error: unknown } | null)?.error ?? error;
  }
}

async function openServer(url: string, poolSize: number): Promise<Database> {
  const orm = createOrm({ driver: PostgreSqlDriver, clientUrl: url, pool: { min: 0, max: poolSize } });
  await orm.connect();
  const pool = await (orm.driver.getConnection() as unknown as PostgreSqlConnection).getNativeClient();
  return {
    orm,
    url,
    em: () => orm.em.fork(),
    transaction: (work) => inTransaction(orm, work),
    query: async <Row>(statement: PreparedStatement, values: readonly unknown[]) =>
      (await pool.query({ ...statement, values: [...values] })).rows as Row[],
    connections: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    exclusively: async (work) => {
      const client = await pool.connect();
      try {
        await client.query("select pg_advisory_lock($1)", [exclusiveLock]);
        return await work();
      } finally {
        // Ending the connection frees the lock whatever state it is in.
        client.release(true);
      }
    },
    [Symbol.asyncDispose]: () => orm.close(),
  };
}
