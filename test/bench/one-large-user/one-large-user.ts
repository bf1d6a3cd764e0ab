import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../src/app/database.ts";
import { userScopes } from "../../../src/callers/scope.ts";
import { signToken } from "../../../src/callers/token-verifier.ts";
import { type Config, loadConfig } from "../../../src/config/config.ts";
import type { DatabaseLocation } from "../../../src/db/database.ts";
import { encodeNodeId } from "../../../src/graphql/node-id.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { makeLarge } from "../../support/large-user.ts";
import { type BenchReport, type BenchRun, defineBench } from "../bench.ts";
import { PageProcess } from "../largest-pages/page-process.ts";
import { pageQueries } from "../largest-pages/page-queries.ts";
import { seedPages } from "../largest-pages/page-seed.ts";
import { type Exchange, Load } from "../load.ts";
import { createScratchDatabase } from "../scratch-database.ts";

const large = "user-with-many-rows";
const other = "user-with-few-rows";
/** Milliseconds that another user's read may take, at p99. */
const allowed = 100;

const environment = {
  NODE_ENV: "production",
  HOST: "127.0.0.1",
  PORT: "0",
  LOG_LEVEL: "error",
  RATE_LIMITS: "off",
  AUTH_JWT_SECRET: "a secret for benches, at least 32 bytes",
  CREDENTIAL_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
};

const options = {
  seconds: { meaning: "seconds of each figure", value: 5, max: 600, whole: false },
  rows: { meaning: "rows of each kind that the user has", value: 10_000, max: 1_000_000, whole: true },
  connections: { meaning: "connections that the user sends by", value: 4, max: 20, whole: true },
};

type Run = BenchRun<keyof typeof options>;

interface Site {
  readonly name: string;
  readonly location: DatabaseLocation;
  readonly settings: Readonly<Record<string, string>>;
}

interface Seeded {
  readonly nodeIds: readonly string[];
  /** Two sessions of the user with many rows. */
  readonly sessionIds: readonly string[];
}

async function exchange(config: Config, userId: string, query: string, variables: object = {}): Promise<Exchange> {
  const { callerTokens } = config;
  if (callerTokens.kind !== "secret") throw new TypeError("the bench signs its tokens itself");
  const claims = { subject: userId, scopes: userScopes, lifetime: 12 * 3600 };
  const token = await signToken(callerTokens, claims, systemClock);
  return {
    path: "/graphql",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
    expected: '"data":{',
  };
}

async function seed({ location }: Site, config: Config, rows: number): Promise<Seeded> {
  await seedPages(location, config, other);
  const { nodeIds } = await seedPages(location, config, large);
  await using database = await openDatabase(location);
  await makeLarge(database, large, rows);
  const sessions = await database
    .em()
    .execute<{ id: string }[]>("select id from sessions where user_id = ? order by id limit 2", [large]);
  return { nodeIds, sessionIds: sessions.map(({ id }) => encodeNodeId("Session", id)) };
}

const reads = `{ viewer { credentials(first: 5) { nodes { id status } } sessions(first: 5) { nodes { id activeProvider { status } } } } }`;

async function measure(
  site: Site,
  { seconds, rows, connections, progress, signal }: Run,
): Promise<BenchReport["rows"]> {
  const config = loadConfig([], environment);
  progress(`${site.name}: storing ${rows} rows of each kind`);
  const { nodeIds, sessionIds } = await seed(site, config, rows);
  await using server = await PageProcess.start({ ...environment, ...site.settings });
  await using reader = new Load(server.origin, 1, [await exchange(config, other, reads)]);
  await reader.run(1, signal);
  const found: BenchReport["rows"][number][] = [];
  const note = (what: string, { p50, p99 }: { readonly p50: number; readonly p99: number }) =>
    found.push({
      database: site.name,
      meanwhile: what,
      "p50 ms": Number(p50.toFixed(1)),
      "p99 ms": Number(p99.toFixed(1)),
    });

  note("nothing", await reader.run(seconds, signal));
  const queries = await Promise.all(
    pageQueries(nodeIds).map(({ query, variables }) => exchange(config, large, query, variables)),
  );
  progress(`${site.name}: the dearest queries of the user with many rows`);
  {
    await using load = new Load(server.origin, connections, queries);
    const [round] = await Promise.all([reader.run(seconds, signal), load.run(seconds, signal)]);
    note("the user's dearest queries", round);
  }
  const mutations = [
    ["revokeCredential", `mutation { revokeCredential(input: { credentialId: "${nodeIds.at(-1)!}" }) { __typename } }`],
    ["endOtherSessions", `mutation { endOtherSessions(input: { keepSessionId: "${sessionIds[0]!}" }) { __typename } }`],
  ] as const;
  for (const [name, mutation] of mutations) {
    progress(`${site.name}: ${name}`);
    const asked = await exchange(config, large, mutation);
    const done = fetch(`${server.origin}${asked.path}`, { method: "POST", headers: asked.headers, body: asked.body });
    note(`the user's ${name}`, await reader.run(seconds, signal));
    const answer = await (await done).text();
    if (!answer.includes(asked.expected)) throw new Error(`${name}: ${answer.slice(0, 300)}`);
  }
  return found;
}

async function run(run: Run): Promise<BenchReport> {
  const serverUrl = process.env["BENCH_DATABASE_URL"] || process.env["TEST_DATABASE_URL"] || null;
  const rows: BenchReport["rows"][number][] = [];
  if (serverUrl !== null) {
    await using database = await createScratchDatabase(serverUrl);
    const { url } = database;
    const site = { name: "PostgreSQL", location: { kind: "postgres", url }, settings: { DATABASE_URL: url } } as const;
    rows.push(...(await measure(site, run)));
  }
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "maestro-auth-bench-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const location = { kind: "embedded", dataDir: folder } as const;
  rows.push(...(await measure({ name: "PGlite", location, settings: { DATA_DIR: folder } }, run)));
  const late = rows.filter((row) => Number(row["p99 ms"]) > allowed);
  return {
    rows,
    notes: [
      ...(serverUrl === null ? ["PostgreSQL is left out: set BENCH_DATABASE_URL or TEST_DATABASE_URL."] : []),
      "How long another user's read takes, sent over one connection without a pause.",
    ],
    failures: late.map(
      (row) => `${row["database"]}, ${row["meanwhile"]}: ${row["p99 ms"]} ms at p99 (${allowed} are allowed)`,
    ),
  };
}

/** `npm run bench -- one-large-user` */
export const oneLargeUser = defineBench({
  summary: "Another user's reads while one user with many rows of each kind is at work.",
  options,
  run,
});
