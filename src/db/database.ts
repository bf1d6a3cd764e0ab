import { existsSync, statSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
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
  type EntitySchema,
  MikroORM,
  type SqlEntityManager,
  type SqlOptions,
} from "@mikro-orm/sql";
import array from "postgres-array";
import { extract } from "tar";
import { clientClass, connectMs } from "../connections/postgres-client.ts";
import { explainPostgresFailure } from "../connections/postgres-failure.ts";
import { sessionSettings, type StatementLimits } from "../connections/postgres-session.ts";
import { parsePostgresUrl, type PostgresTarget } from "../connections/postgres-url.ts";
import type { ClientWatch } from "../connections/watched-client.ts";
import { OperatorError } from "../errors/operator-error.ts";
import { shareConnections } from "../lib/connection-share.ts";
import { assertOwnFolder, findForeignEntry } from "../lib/writable-folder.ts";
import { useBaselineWasm } from "./baseline-wasm.ts";
import { retryingConflicts } from "./conflicts.ts";
import { DiskWatch, explainFullDisk } from "./disk-watch.ts";
import { lockFolder } from "./folder-lock.ts";
import { guardedPGlite } from "./guarded-pglite.ts";
import { readServerFacts, type ServerFacts } from "./server-facts.ts";
import { StatementLabels } from "./statement-label.ts";
import { type DatabaseObserver, StatementWatch, watchedPGlite } from "./statement-watch.ts";
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
  /** What the server said of itself when it was opened; null for the embedded database. */
  readonly facts: ServerFacts | null;
  /** Tells the embedded database's folder from a copy of it; null where there is none, or the disk does not say. */
  readonly folderId: string | null;
  /** Resolves once it can be used no more, such as an embedded one whose disk is full; null where that cannot be. */
  readonly failed: Promise<OperatorError> | null;
  /** A fresh EntityManager: one for each operation, never shared. */
  em(): EntityManager;
  /**
   * Runs `work` in a transaction; everything inside must use the EntityManager that it is given. After a deadlock or a
   * serialization failure it runs again, so that nothing outside of the transaction may depend on how often it ran.
   */
  transaction<T>(work: (em: EntityManager) => Promise<T>): Promise<T>;
  query<Row>(statement: PreparedStatement, values: readonly unknown[]): Promise<Row[]>;
  /** How many of the pool's connections are in use, idle, and waited for; null for the embedded database. */
  connections(): { readonly busy: number; readonly idle: number; readonly waiting: number } | null;
  /** Has an observer told of statements and connections from now on; a second one takes the place of the first. */
  observe(observer: DatabaseObserver): void;
  /** How metrics and the log name a statement. */
  labelOf(text: string): string;
  /** The same database for what may take long, such as migrations: without a limit to a statement's time. */
  unlimited(): Promise<Pick<Database, "orm"> & AsyncDisposable>;
}

export type DatabaseLocation =
  | {
      readonly kind: "postgres";
      readonly url: string;
      /** Where the URL comes from, for what is said of it; `DATABASE_URL` unless it is given. */
      readonly setting?: string;
      /** Connections at most; 10 unless it is given. */
      readonly poolSize?: number;
      /** Milliseconds that a statement may take; 10,000 unless it is given. */
      readonly statementMs?: number;
      /** Milliseconds that a statement may wait for a lock; 5,000 unless it is given. */
      readonly lockMs?: number;
    }
  | { readonly kind: "embedded"; readonly dataDir: string }
  | { readonly kind: "memory" };

/** The tables that the ORM is to know. */
export type Entities = readonly EntitySchema[];

export const migrationsFolder = fileURLToPath(new URL("../../migrations", import.meta.url));

const common = {
  extensions: [Migrator],
  forceUtcTimezone: true,
  implicitTransactions: false,
  logger: () => {},
  // One row that belongs to the database itself; only the statements of timeline-row.ts read and write it.
  schemaGenerator: { skipTables: ["timeline"] },
  migrations: {
    path: migrationsFolder,
    // Compiled ones have their types beside them.
    glob: "!(*.d).{ts,js}",
    snapshot: false,
    silent: true,
  },
} satisfies SqlOptions;

type Orm = MikroORM<AbstractSqlDriver, EntityManager>;

const newLabels = (entities: Entities) => new StatementLabels(entities.map(({ meta }) => meta.tableName));

function createOrm(entities: Entities, options: object): Orm {
  return new MikroORM({ ...common, entities: [...entities], ...options } as SqlOptions);
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

/** Where the embedded database of a data folder is. */
export const pgliteFolder = (folder: string) => join(folder, "pglite");

/** Whether a data folder has a database already. */
export function isEmbeddedMade(folder: string): boolean {
  return existsSync(pgliteFolder(folder));
}

/** PGlite says only that it could not start. */
function explainOpening(folder: string, cause: unknown): OperatorError {
  const foreign = process.getuid === undefined ? null : findForeignEntry(pgliteFolder(folder));
  if (foreign !== null) {
    return new OperatorError(
      `${foreign.path} belongs to uid ${foreign.uid}, and the rest of the embedded database does not: another user's process left it.`,
      `Give all of it to one user: chown -R --reference=${pgliteFolder(folder)} ${pgliteFolder(folder)}. Nothing was changed.`,
      { cause },
    );
  }
  return new OperatorError(
    `The embedded database in ${folder} cannot be opened.`,
    "Restore a backup of that folder, or choose another one with DATA_DIR. Nothing was changed.",
    { cause },
  );
}

/** When a file of it was made that PostgreSQL never touches again: each copy of the folder has another time. */
function folderIdOf(folder: string): string | null {
  const { birthtimeNs } = statSync(join(pgliteFolder(folder), "PG_VERSION"), { bigint: true });
  return birthtimeNs === 0n ? null : String(birthtimeNs);
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
  const full = explainFullDisk(folder);
  if (full !== null) throw full;
  try {
    return await PGlite.create({ parsers, dataDir });
  } catch (error) {
    throw explainOpening(folder, error);
  }
}

/**
 * Opens a database; migrations are a step of their own.
 * @throws PostgresUnavailableError, ConnectionUrlError, FolderInUseError, or another OperatorError
 */
export async function openDatabase(location: DatabaseLocation, entities: Entities): Promise<Database> {
  if (location.kind === "postgres") return openServer(location, entities);
  useBaselineWasm();
  if (location.kind === "embedded") assertOwnFolder(pgliteFolder(location.dataDir));
  const lock = location.kind === "embedded" ? lockFolder(location.dataDir) : null;
  try {
    if (location.kind === "memory") return embeddedDatabase(await createPGlite(), entities, null);
    const watch = new DiskWatch(location.dataDir);
    const pglite = guardedPGlite(await openPGlite(location.dataDir), watch);
    return embeddedDatabase(pglite, entities, { lock, watch, id: folderIdOf(location.dataDir) });
  } catch (error) {
    lock?.[Symbol.dispose]();
    throw error;
  }
}

function embeddedDatabase(
  pglite: PGlite,
  entities: Entities,
  folder: { readonly lock: Disposable | null; readonly watch: DiskWatch; readonly id: string | null } | null,
): Database {
  const watch = new StatementWatch();
  const labels = newLabels(entities);
  const watched = watchedPGlite(pglite, watch);
  const orm = createOrm(entities, {
    driver: PgliteDriver,
    dbName: "maestro",
    driverOptions: { pglite: yieldingPGlite(watched) },
  });
  return {
    orm,
    url: null,
    facts: null,
    folderId: folder?.id ?? null,
    failed: folder?.watch.failed ?? null,
    em: () => orm.em.fork(),
    transaction: (work) => orm.em.fork().transactional(work),
    query: async <Row>({ name, text }: PreparedStatement, values: readonly unknown[]) => {
      labels.name(text, name);
      return (await watched.query<Row>(text, [...values])).rows;
    },
    connections: () => null,
    observe: (observer) => (watch.observer = observer),
    labelOf: (text) => labels.of(text),
    unlimited: () => Promise.resolve({ orm, [Symbol.asyncDispose]: () => Promise.resolve() }),
    [Symbol.asyncDispose]: async () => {
      await orm.close();
      await pglite.close();
      folder?.watch[Symbol.dispose]();
      folder?.lock?.[Symbol.dispose]();
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
      // Said with the `begin` itself: a role's default may be another, and a pooler keeps sessions from being set.
      .setIsolationLevel("read committed")
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

/** Milliseconds after the time limit of a statement in which PostgreSQL itself tells that it was ended. */
const answerMarginMs = 2_000;

interface ServerOptions extends StatementLimits {
  readonly entities: Entities;
  readonly applicationName: string;
  readonly poolSize: number;
  readonly watch?: ClientWatch;
}

/** The ORM over connections of our own making: of the URL MikroORM would see the address only, and not TLS. */
function createServerOrm(target: PostgresTarget, facts: ServerFacts, options: ServerOptions): Orm {
  const { entities, applicationName, poolSize, statementMs, watch } = options;
  const Client = clientClass(target, {
    applicationName,
    session: sessionSettings(facts.pooling, options),
    ...(watch === undefined ? {} : { watch }),
    ...(statementMs === 0 ? {} : { answerMs: statementMs + answerMarginMs }),
  });
  return createOrm(entities, {
    driver: PostgreSqlDriver,
    dbName: facts.database,
    pool: { min: 0, max: poolSize },
    // Callers that find all connections in use wait no longer than for a new one.
    driverOptions: { Client, connectionTimeoutMillis: target.connectMs ?? connectMs },
    migrations: { ...common.migrations, tableName: `${facts.schema}.mikro_orm_migrations` },
  });
}

async function openServer(
  location: Extract<DatabaseLocation, { kind: "postgres" }>,
  entities: Entities,
): Promise<Database> {
  const { url, setting = "DATABASE_URL", poolSize = 10, statementMs = 10_000, lockMs = 5_000 } = location;
  const target = parsePostgresUrl(url);
  let facts: ServerFacts;
  try {
    facts = await readServerFacts(target);
  } catch (error) {
    throw explainPostgresFailure(error, { setting, target }) ?? error;
  }
  const applicationName = target.applicationName ?? "maestro-auth";
  const watch = new StatementWatch();
  const labels = newLabels(entities);
  const watched = { watch: watch.ofClients(setting, target) };
  const orm = createServerOrm(target, facts, { entities, applicationName, poolSize, statementMs, lockMs, ...watched });
  await orm.connect();
  const pool = await (orm.driver.getConnection() as unknown as PostgreSqlConnection).getNativeClient();
  // Behind a pooler the next statement may meet another process of PostgreSQL, which knows none of the names.
  const named = facts.pooling === "none";
  shareConnections(pool, Math.max(1, Math.floor(poolSize / 2)));
  return {
    orm,
    url,
    facts,
    folderId: null,
    failed: null,
    em: () => orm.em.fork(),
    transaction: (work) => retryingConflicts(() => inTransaction(orm, work)),
    query: <Row>({ name, text }: PreparedStatement, values: readonly unknown[]) => {
      labels.name(text, name);
      return retryingConflicts(
        async () => (await pool.query({ ...(named ? { name } : {}), text, values: [...values] })).rows as Row[],
      );
    },
    observe: (observer) => (watch.observer = observer),
    labelOf: (text) => labels.of(text),
    connections: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    unlimited: async () => {
      const name = `${applicationName} migrations`;
      const limits = { statementMs: 0, lockMs: 0 };
      const own = createServerOrm(target, facts, { entities, applicationName: name, poolSize: 2, ...limits });
      await own.connect();
      return { orm: own, [Symbol.asyncDispose]: () => own.close() };
    },
    [Symbol.asyncDispose]: () => orm.close(),
  };
}
