import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/config.ts";
import { type BenchReport, type BenchRun, defineBench, roundOptions } from "../bench.ts";
import { createScratchDatabase } from "../scratch-database.ts";
import { startServerProcess } from "../server-process.ts";
import { compare, type Contestants } from "./compare.ts";
import { seed } from "./seed.ts";
import { createUsers, issueAccessExchange } from "./users.ts";

const userCount = 300;

/** As in production. Both servers get all of it, and neither gets anything of this process's environment. */
const environment = {
  NODE_ENV: "production",
  HOST: "127.0.0.1",
  PORT: "0",
  LOG_LEVEL: "warn",
  INTROSPECTION: "false",
  AUTH_JWT_SECRET: randomBytes(32).toString("base64url"),
  CREDENTIAL_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
};

async function startContestants(settings: {
  readonly ours: Readonly<Record<string, string>>;
  readonly bare: Readonly<Record<string, string>>;
}): Promise<Contestants & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const start = async (module: URL, own: Readonly<Record<string, string>>) =>
    stack.use(await startServerProcess(module, { ...environment, ...own })).origin;
  const ours = await start(new URL("./our-server.ts", import.meta.url), settings.ours);
  const bare = await start(new URL("./bare-server.ts", import.meta.url), settings.bare);
  const started = stack.move();
  return { ours, bare, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

async function run(run: BenchRun): Promise<BenchReport> {
  const { progress, signal } = run;
  const serverUrl = process.env["BENCH_DATABASE_URL"] || process.env["TEST_DATABASE_URL"] || null;
  // First of all, so that a server that does not answer is not found out after a minute.
  await using database = serverUrl === null ? null : await createScratchDatabase(serverUrl);
  const config = loadConfig([], environment);
  const users = await createUsers(userCount, config);
  const exchanges = users.map(issueAccessExchange);

  /** An embedded database belongs to one process, so each server has a copy of the same folder. */
  async function onEmbedded() {
    progress("PGlite: storing credentials");
    const folder = await mkdtemp(join(tmpdir(), "maestro-auth-bench-"));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const [ours, bare] = [join(folder, "ours"), join(folder, "bare")];
    await seed({ kind: "embedded", dataDir: ours }, config, users);
    await cp(ours, bare, { recursive: true });
    signal.throwIfAborted();
    progress("PGlite: starting both servers");
    await using contestants = await startContestants({ ours: { DATA_DIR: ours }, bare: { DATA_DIR: bare } });
    return await compare("PGlite", contestants, exchanges, run);
  }

  async function onPostgres(url: string) {
    progress("PostgreSQL: storing credentials");
    await seed({ kind: "postgres", url }, config, users);
    signal.throwIfAborted();
    progress("PostgreSQL: starting both servers");
    const settings = { DATABASE_URL: url };
    await using contestants = await startContestants({ ours: settings, bare: settings });
    return await compare("PostgreSQL", contestants, exchanges, run);
  }

  const embedded = await onEmbedded();
  const postgres = database === null ? null : await onPostgres(database.url);
  const cells = [...embedded, ...(postgres ?? [])];
  return {
    rows: cells.flatMap((cell) => cell.rows),
    notes: [
      ...(postgres === null ? ["PostgreSQL is left out: set BENCH_DATABASE_URL or TEST_DATABASE_URL."] : []),
      `ours/bare: the median of the ratios of neighbouring rounds. ${userCount} users with one credential each.`,
      `The load generator used up to ${Math.max(...cells.map((cell) => cell.generatorCpu)).toFixed(2)} of a processor.`,
    ],
  };
}

/** `npm run bench -- issue-access` */
export const issueAccess = defineBench({
  summary: "Requests for access: our server beside a bare node:http server that does the same work by hand.",
  options: roundOptions,
  run,
});
