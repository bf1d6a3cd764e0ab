import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { userScopes } from "../../../src/callers/scope.ts";
import { signToken } from "../../../src/callers/token-verifier.ts";
import { systemClock } from "../../../src/clock.ts";
import { loadConfig } from "../../../src/config.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { Child } from "./child.ts";
import { EventChain } from "./chain.ts";
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
  /** At least so many processes are killed meanwhile. */
  readonly kills: number;
  /** Milliseconds after which each connection is cut, on average. */
  readonly reconnectMs: number;
  /** Milliseconds from one kill to the next; servers and writers take turns. */
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

const serverModule = new URL("./server.ts", import.meta.url);
const writerModule = new URL("./writer.ts", import.meta.url);
const startAttempts = 10;
const startRetryMs = 1_000;

/** The servers and writers of a run. Any of them may be killed; another then takes its place. */
class Processes implements AsyncDisposable {
  readonly origins: string[] = [];
  kills = 0;
  readonly #children: Child[] = [];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #sizes: Sizes;
  #started = 0;

  constructor(sizes: Sizes, environment: Readonly<Record<string, string>>) {
    this.#sizes = sizes;
    this.#environment = environment;
  }

  /** Tries again, as whatever supervises a server does: the database may still hold a killed one's connections. */
  async startServer(index: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const server = (this.#children[index] = new Child(serverModule, [], this.#environment));
      try {
        this.origins[index] = `http://127.0.0.1:${await server.port()}`;
        return;
      } catch (error) {
        if (attempt === startAttempts) throw error;
        await delay(startRetryMs);
      }
    }
  }

  startWriter(index: number): void {
    const args = [`writer-${++this.#started}`, String(this.#sizes.users)];
    this.#children[this.#sizes.servers + index] = new Child(writerModule, args, this.#environment);
  }

  /** Kills servers and writers in turn until the signal aborts. */
  async keepKilling(signal: AbortSignal): Promise<void> {
    const { servers, writers, killMs } = this.#sizes;
    for (let turn = 0; !signal.aborted; turn++) {
      await delay(killMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const half = Math.floor(turn / 2);
      const index = turn % 2 === 0 ? half % servers : servers + (half % writers);
      await this.#children[index]!.kill();
      this.kills += 1;
      if (index < servers) await this.startServer(index);
      else this.startWriter(index - servers);
    }
  }

  async stopWriters(): Promise<void> {
    await Promise.all(this.#children.slice(this.#sizes.servers).map((writer) => writer.kill()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => child.kill()));
  }
}

/** Resolves when enough events are committed, and enough processes were killed. */
async function written(
  database: pg.Client,
  { sizes: { events, users, kills }, processes }: { sizes: Sizes; processes: Processes },
  options: RunOptions,
): Promise<void> {
  for (;;) {
    const { rows } = await database.query<{ total: number; idle: number }>(
      "select coalesce(sum(seq), 0)::float8 as total, ($1 - count(*))::int as idle from user_streams",
      [users],
    );
    options.progress?.(`${rows[0]!.total} of ${events} events are written`);
    if (rows[0]!.total >= events && rows[0]!.idle === 0 && processes.kills >= kills) return;
    await delay(250, undefined, { signal: options.signal });
  }
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
  const enough = new AbortController();
  const killing = processes.keepKilling(enough.signal);
  await written(database, { sizes, processes }, options);
  enough.abort();
  await killing;
  await processes.stopWriters();
  truth = await readTruth(database, sizes.users);
  options.progress?.("everything is written; the readers catch up");
  await reading;
  options.signal?.throwIfAborted();
  return judge(readers, truth, processes.kills);
}

function judge(readers: readonly Reader[], truth: ReadonlyMap<string, EventChain>, kills: number): Outcome {
  const sum = (numbers: Iterable<number>) => Array.from(numbers).reduce((total, number) => total + number, 0);
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
