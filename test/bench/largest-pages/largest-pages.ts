import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { userScopes } from "../../../src/callers/scope.ts";
import { signToken } from "../../../src/callers/token-verifier.ts";
import { type Config, loadConfig } from "../../../src/config/config.ts";
import type { DatabaseLocation } from "../../../src/db/database.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { type BenchReport, type BenchRun, defineBench } from "../bench.ts";
import { Load } from "../load.ts";
import { createScratchDatabase } from "../scratch-database.ts";
import { PageProcess } from "./page-process.ts";
import { type PageQuery, pageQueries } from "./page-queries.ts";
import { seedPages } from "./page-seed.ts";

const userId = "user-with-full-pages";
/** Milliseconds of event-loop delay, at p99, that one operation may cause. */
const allowedDelay = 100;

const environment = {
  NODE_ENV: "production",
  HOST: "127.0.0.1",
  PORT: "0",
  LOG_LEVEL: "error",
  AUTH_JWT_SECRET: "a secret for benches, at least 32 bytes",
  CREDENTIAL_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
};

const options = {
  seconds: { meaning: "seconds of each query", value: 5, max: 600, whole: false },
  connections: {
    meaning: "connections that send it, each as soon as its answer is there",
    value: 1,
    max: 20,
    whole: true,
  },
};

type Run = BenchRun<keyof typeof options>;

interface Site {
  readonly name: string;
  readonly location: DatabaseLocation;
  readonly settings: Readonly<Record<string, string>>;
}

async function exchangeOf({ query, variables }: PageQuery, { callerTokens }: Config) {
  if (callerTokens.kind !== "secret") throw new TypeError("the bench signs its tokens itself");
  const claims = { subject: userId, scopes: userScopes, lifetime: 12 * 3600 };
  const token = await signToken(callerTokens, claims, systemClock);
  return {
    path: "/graphql",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
    expected: '"status":"ACTIVE"',
  };
}

async function measure(site: Site, { seconds, connections, progress, signal }: Run): Promise<BenchReport["rows"]> {
  const config = loadConfig([], environment);
  progress(`${site.name}: storing full pages`);
  const { nodeIds } = await seedPages(site.location, config, userId);
  await using server = await PageProcess.start({ ...environment, ...site.settings });
  const rows: BenchReport["rows"][number][] = [];
  for (const page of pageQueries(nodeIds)) {
    progress(`${site.name}: ${page.name}`);
    await using load = new Load(server.origin, connections, [await exchangeOf(page, config)]);
    await load.run(Math.min(1, seconds), signal);
    await server.loopDelay();
    const round = await load.run(seconds, signal);
    const { p50, p99, busyP99, busyMax } = await server.loopDelay();
    const cell = (value: number) => Number(value.toFixed(1));
    rows.push({
      database: site.name,
      query: page.name,
      cost: page.cost,
      "delay p50 ms": cell(p50),
      "delay p99 ms": cell(p99),
      "busy p99 ms": cell(busyP99),
      "busy max ms": cell(busyMax),
      "answer p50 ms": cell(round.p50),
      "answer p99 ms": cell(round.p99),
    });
  }
  return rows;
}

async function run(run: Run): Promise<BenchReport> {
  const serverUrl = process.env["BENCH_DATABASE_URL"] || process.env["TEST_DATABASE_URL"] || null;
  const rows: BenchReport["rows"][number][] = [];
  if (serverUrl !== null) {
    await using database = await createScratchDatabase(serverUrl);
    const { url } = database;
    rows.push(
      ...(await measure(
        { name: "PostgreSQL", location: { kind: "postgres", url }, settings: { DATABASE_URL: url } },
        run,
      )),
    );
  }
  const folder = await mkdtemp(join(tmpdir(), "maestro-auth-bench-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const location = { kind: "embedded", dataDir: folder } as const;
  rows.push(...(await measure({ name: "PGlite", location, settings: { DATA_DIR: folder } }, run)));
  const late = rows.filter((row) => Number(row["delay p99 ms"]) > allowedDelay);
  return {
    rows,
    notes: [
      ...(serverUrl === null ? ["PostgreSQL is left out: set BENCH_DATABASE_URL or TEST_DATABASE_URL."] : []),
      "delay: how late the server's event loop looks at what is due, while the query is sent without a pause.",
      "busy: the processor time of its thread between two looks, which other processes of the machine do not lengthen.",
    ],
    failures: late.map(
      (row) => `${row["query"]} delays the event loop by ${row["delay p99 ms"]} ms (${allowedDelay} are allowed)`,
    ),
  };
}

/** `npm run bench -- largest-pages` */
export const largestPages = defineBench({
  summary: "Event-loop delay under the dearest operations that the limits let through.",
  options,
  run,
});
