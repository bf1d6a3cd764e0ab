import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { userScopes } from "../../../src/callers/scope.ts";
import { signToken } from "../../../src/callers/token-verifier.ts";
import { systemClock } from "../../../src/clock.ts";
import { loadConfig } from "../../../src/config.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { EventChain } from "./chain.ts";
import { Processes } from "./processes.ts";
import { Reader } from "./reader.ts";
import { userName } from "./users.ts";

export interface Sizes {
  readonly users: number;
  /** At most ten, so that the caps on sockets and streams let them all in. */
  readonly readersPerUser: number;
  readonly servers: number;
  readonly writers: number;
  /** At least so many are written. */
  readonly events: number;
  /** Events that one transaction writes, all for one user. */
  readonly eventsPerTransaction: number;
  /** At least so many processes are killed meanwhile. */
  readonly kills: number;
  /** Milliseconds after which each connection is cut, on average. */
  readonly reconnectMs: number;
  /** Milliseconds from one kill to the next; servers and writers take turns, while there are writers. */
  readonly killMs: number;
}

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
}

export interface RunOptions {
  readonly databaseUrl: string;
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

/** Resolves when enough events are committed, and enough processes were killed. */
async function written(database: pg.Client, stage: Stage, options: RunOptions): Promise<void> {
  const { events, users, kills } = stage.sizes;
  for (;;) {
    const { rows } = await database.query<{ total: number; idle: number }>(
      "select coalesce(sum(seq), 0)::float8 as total, ($1 - count(*))::int as idle from user_streams",
      [users],
    );
    options.progress?.(`${rows[0]!.total} of ${events} events are written, ${read(stage)}`);
    if (rows[0]!.total >= events && rows[0]!.idle === 0 && stage.processes.kills >= kills) return;
    await delay(250, undefined, { signal: options.signal });
  }
}

function read({ readers, processes }: Stage): string {
  return `${sum(readers.map(({ chain }) => chain.seq))} delivered, ${processes.kills} processes killed`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What the database holds of each user's stream. */
async function readTruth(database: pg.Client, users: number): Promise<Map<string, EventChain>> {
  const truth = new Map<string, EventChain>();
  for (let index = 0; index < users; index++) {
    const userId = userName(index);
    const chain = new EventChain();
    const { rows } = await database.query<{ seq: number; label: string }>(
      "select seq::float8 as seq, body->>'label' as label from events where user_id = $1 order by seq",
      [userId],
    );
    for (const { seq, label } of rows) {
      chain.add(label);
      if (seq !== chain.seq) throw new Error(`the database itself has a hole before ${userId}'s event ${seq}`);
    }
    truth.set(userId, chain);
  }
  return truth;
}

async function createReaders(sizes: Sizes, processes: Processes): Promise<Reader[]> {
  const { callerTokens } = loadConfig([], secrets);
  if (callerTokens.kind !== "secret") throw new TypeError("the run signs its tokens itself");
  const pickOrigin = () => processes.origins[Math.floor(Math.random() * processes.origins.length)]!;
  const readers: Reader[] = [];
  for (let user = 0; user < sizes.users; user++) {
    const subject = userName(user);
    const token = await signToken(callerTokens, { subject, scopes: userScopes, lifetime: 12 * 3600 }, systemClock);
    for (let index = 0; index < sizes.readersPerUser; index++) {
      const stage = { token, pickOrigin, reconnectMs: sizes.reconnectMs };
      readers.push(new Reader(subject, index % 2 === 0 ? "WebSocket" : "SSE", stage));
    }
  }
  return readers;
}

/**
 * Readers follow their users' streams over connections that are cut all the time, while several processes write, and
 * servers and writers are killed without warning. Every reader must end with exactly what the database holds.
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
  for (let index = 0; index < sizes.writers; index++) processes.startWriter(index);
  const database = new pg.Client({ connectionString: options.databaseUrl });
  await database.connect();
  stack.defer(() => database.end());

  const readers = await createReaders(sizes, processes);
  let truth: ReadonlyMap<string, EventChain> | null = null;
  const isDone = (reader: Reader) =>
    options.signal?.aborted === true || (truth !== null && reader.chain.seq >= truth.get(reader.userId)!.seq);
  const reading = Promise.all(readers.map((reader) => reader.run(() => isDone(reader))));
  const stage = { sizes, processes, readers };
  const isOver = new AbortController();
  const killing = processes.keepKilling(isOver.signal);
  try {
    await written(database, stage, options);
    await processes.stopWriters();
    truth = await readTruth(database, sizes.users);
    using _progress = repeat(() => options.progress?.(`all events are written, ${read(stage)}`));
    await reading;
  } finally {
    isOver.abort();
    await killing;
  }
  options.signal?.throwIfAborted();
  return judge(readers, truth, processes.kills);
}

function repeat(work: () => void): Disposable {
  const timer = setInterval(work, 1_000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function judge(readers: readonly Reader[], truth: ReadonlyMap<string, EventChain>, kills: number): Outcome {
  const differences = readers
    .filter(({ userId, chain }) => String(chain) !== String(truth.get(userId)))
    .map(({ userId, chain }) => `${userId}: a reader has ${String(chain)}, the database ${String(truth.get(userId))}`);
  return {
    faults: [...readers.flatMap(({ faults }) => faults), ...differences],
    events: sum(Array.from(truth.values(), ({ seq }) => seq)),
    delivered: sum(readers.map(({ chain }) => chain.seq)),
    repeats: sum(readers.map(({ repeats }) => repeats)),
    connections: sum(readers.map(({ connections }) => connections)),
    kills,
  };
}
