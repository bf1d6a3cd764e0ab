import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { openDatabase } from "../../../src/app/database.ts";
import { userScopes } from "../../../src/callers/scope.ts";
import { signToken } from "../../../src/callers/token-verifier.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { cursorAt } from "../../support/cursor.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { hashOf, type Stretch } from "./chain.ts";
import { Processes, type Sizes } from "./processes.ts";
import { Reader } from "./reader.ts";
import { userName } from "./users.ts";

export interface Outcome {
  /** Every gap, every event out of order, every event that differs from the database's. */
  readonly faults: readonly string[];
  readonly events: number;
  /** To readers, each event once. */
  readonly delivered: number;
  /** Events that came again because a reader's noted place was behind. */
  readonly repeats: number;
  readonly connections: number;
  readonly kills: number;
  /** How often the database went back. */
  readonly restores: number;
  /** How often a reader was told that its cursor had expired. */
  readonly expiries: number;
}

/** One way for a database to go back. The address stays what it is. */
export interface Restore {
  /** Remembers the present state. */
  prepare(): Promise<void>;
  /** Goes back to it. What was written since is gone. */
  restore(): Promise<void>;
}

/** For each user, the hashes of its events in their order. */
type History = ReadonlyMap<string, readonly number[]>;

export interface RunOptions {
  readonly databaseUrl: string;
  /** Takes the database back to an earlier state, each in its turn, while the servers run and nothing is written. */
  readonly restores?: readonly Restore[];
  readonly signal?: AbortSignal;
  readonly progress?: (step: string) => void;
}

const secrets = {
  AUTH_JWT_SECRET: "a secret for tests of at least 32 bytes",
  CREDENTIAL_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
};

interface Stage {
  readonly sizes: Sizes;
  readonly processes: Processes;
  readonly readers: readonly Reader[];
}

/** Resolves when so many events are committed, and so many processes were killed. */
async function written(stage: Stage, options: RunOptions, { events, kills }: Pick<Sizes, "events" | "kills">) {
  const { users } = stage.sizes;
  for (;;) {
    const { total, idle } = await onDatabase(options.databaseUrl, async (database) => {
      const { rows } = await database.query<{ total: number; idle: number }>(
        "select coalesce(sum(seq), 0)::float8 as total, ($1 - count(*))::int as idle from user_streams",
        [users],
      );
      return rows[0]!;
    });
    options.progress?.(`${total} of ${events} events are written, ${read(stage)}`);
    if (total >= events && idle === 0 && stage.processes.kills >= kills) return;
    await delay(250, undefined, { signal: options.signal });
  }
}

/** Over a connection of its own: the database may have gone away since the last one. */
async function onDatabase<Result>(url: string, work: (database: pg.Client) => Promise<Result>): Promise<Result> {
  const database = new pg.Client({ connectionString: url });
  database.on("error", () => {});
  await database.connect();
  try {
    return await work(database);
  } finally {
    await database.end();
  }
}

function read({ readers, processes }: Stage): string {
  return `${delivered(readers)} delivered, ${processes.kills} processes killed`;
}

function delivered(readers: readonly Reader[]): number {
  return sum(readers.flatMap(({ stretches }) => stretches.map(({ hashes }) => hashes.length)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What the database holds of each user's stream. */
async function readHistory(databaseUrl: string, users: number): Promise<History> {
  return onDatabase(databaseUrl, async (database) => {
    const history = new Map<string, readonly number[]>();
    for (let index = 0; index < users; index++) {
      const userId = userName(index);
      const { rows } = await database.query<{ seq: number; label: string }>(
        "select seq::float8 as seq, body->>'label' as label from events where user_id = $1 order by seq",
        [userId],
      );
      const hole = rows.findIndex(({ seq }, place) => seq !== place + 1);
      if (hole !== -1) throw new Error(`the database itself has a hole at ${userId}'s event ${hole + 1}`);
      history.set(
        userId,
        rows.map(({ label }) => hashOf(label)),
      );
    }
    return history;
  });
}

async function createReaders(sizes: Sizes, processes: Processes, options: RunOptions): Promise<Reader[]> {
  const { callerTokens } = loadConfig([], secrets);
  if (callerTokens.kind !== "secret") throw new TypeError("the run signs its tokens itself");
  const pickOrigin = () => processes.origins[Math.floor(Math.random() * processes.origins.length)]!;
  const readers: Reader[] = [];
  const database = await openDatabase({ kind: "postgres", url: options.databaseUrl });
  await using _database = database;
  for (let user = 0; user < sizes.users; user++) {
    const subject = userName(user);
    const token = await signToken(callerTokens, { subject, scopes: userScopes, lifetime: 12 * 3600 }, systemClock);
    const start = await cursorAt(database, subject, 0);
    for (let index = 0; index < sizes.readersPerUser; index++) {
      const mayExpire = options.restores !== undefined;
      const stage = { token, pickOrigin, reconnectMs: sizes.reconnectMs, start, mayExpire };
      readers.push(new Reader(subject, index % 2 === 0 ? "WebSocket" : "SSE", stage));
    }
  }
  return readers;
}

/**
 * Goes on writing in each history, until the database goes back to where it was when it began. @returns what was lost
 */
async function goBack(stage: Stage, options: RunOptions): Promise<History[]> {
  const { sizes, processes } = stage;
  const { databaseUrl, restores = [] } = options;
  const lost: History[] = [];
  for (const [index, restoring] of restores.entries()) {
    const events = Math.round((sizes.events * (index + 1)) / (restores.length + 1));
    await written(stage, options, { events, kills: 0 });
    await restoring.prepare();
    // The readers get what will be gone.
    await written(stage, options, { events: events + Math.round(sizes.events / 20), kills: 0 });
    await processes.stopWriters();
    lost.push(await readHistory(databaseUrl, sizes.users));
    options.progress?.(`the database goes back, ${read(stage)}`);
    await restoring.restore();
    processes.startWriters();
  }
  return lost;
}

/**
 * Readers follow their users' streams over connections that are cut all the time, while several processes write, and
 * servers and writers are killed without warning; the database itself may go back to an earlier state. Every reader
 * must end with exactly what the database holds, and must never have read on from one history in another.
 */
export async function runManyReaders(sizes: Sizes, options: RunOptions): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const environment = {
    ...secrets,
    PORT: "0",
    NODE_ENV: "test",
    LOG_LEVEL: "error",
    DATABASE_URL: options.databaseUrl,
  };
  const processes = stack.use(new Processes(sizes, { ...environment, DATA_DIR: folder.path }));
  // The first one migrates.
  await processes.startServer(0);
  await Promise.all(Array.from({ length: sizes.servers - 1 }, (_, index) => processes.startServer(index + 1)));
  processes.startWriters();

  const readers = await createReaders(sizes, processes, options);
  let truth: History | null = null;
  const isDone = ({ userId, stretch }: Reader) =>
    options.signal?.aborted === true || (truth !== null && hasAll(stretch, truth.get(userId)!));
  const reading = Promise.all(readers.map((reader) => reader.run(() => isDone(reader))));
  const stage = { sizes, processes, readers };
  const isOver = new AbortController();
  const killing = processes.keepKilling(isOver.signal);
  let lost: History[] = [];
  try {
    lost = await goBack(stage, options);
    await written(stage, options, sizes);
    await processes.stopWriters();
    truth = await readHistory(options.databaseUrl, sizes.users);
    using _progress = repeat(() => options.progress?.(`all events are written, ${read(stage)}`));
    await reading;
  } finally {
    isOver.abort();
    await killing;
  }
  options.signal?.throwIfAborted();
  return judge(readers, [...lost, truth], processes.kills);
}

function hasAll(stretch: Stretch, history: readonly number[]): boolean {
  return stretch.end === history.length && (stretch.end === stretch.start || stretch.hashes.at(-1) === history.at(-1));
}

function repeat(work: () => void): Disposable {
  const timer = setInterval(work, 1_000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function judge(readers: readonly Reader[], histories: readonly History[], kills: number): Outcome {
  const truth = histories.at(-1)!;
  const mixed = readers.flatMap(({ userId, stretches }) =>
    stretches
      .filter((stretch) => !histories.some((history) => stretch.isPartOf(history.get(userId)!)))
      .map(({ start, end }) => `${userId}: what a reader has as ${start + 1} to ${end} is in no history`),
  );
  const unlike = readers
    .filter(({ userId, stretch }) => !stretch.isPartOf(truth.get(userId)!) || !hasAll(stretch, truth.get(userId)!))
    .map(({ userId, stretch }) => `${userId}: a reader ends at ${stretch.end}, and not as the database does`);
  return {
    faults: [...readers.flatMap(({ faults }) => faults), ...mixed, ...unlike],
    events: sum(Array.from(truth.values(), ({ length }) => length)),
    delivered: delivered(readers),
    repeats: sum(readers.map(({ repeats }) => repeats)),
    connections: sum(readers.map(({ connections }) => connections)),
    kills,
    restores: histories.length - 1,
    expiries: sum(readers.map(({ stretches }) => stretches.length - 1)),
  };
}
