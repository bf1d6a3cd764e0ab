import { randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import { createClient } from "@redis/client";
import type { RateLimiterRes } from "rate-limiter-flexible";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { RateLimitedError } from "../../src/errors/auth-error.ts";
import { Secret } from "../../src/lib/secret.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { DatabaseLimits } from "../../src/rate-limits/database-limits.ts";
import { RateLimiter } from "../../src/rate-limits/limiter.ts";
import { type RateLimitName, rateLimitNames, type RateLimitSettings } from "../../src/rate-limits/limits.ts";
import { RedisLimits } from "../../src/rate-limits/redis-limits.ts";
import { memoryStore, type RateLimitStore } from "../../src/rate-limits/store.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { createServerDatabase, createTestDatabase } from "../support/test-database.ts";

const log = createLogger("silent");
const { databaseUrl, redisUrl } = inject("testRun");
const newSecret = () => new Secret(randomBytes(32).toString("hex"));

function settings(limits: Partial<RateLimitSettings>): RateLimitSettings {
  const none = Object.fromEntries(rateLimitNames.map((name) => [name, null])) as unknown as RateLimitSettings;
  return { ...none, ...limits };
}

/** What became of so many attempts at the same moment. */
async function takeMany(limiters: readonly RateLimiter[], name: RateLimitName, count: number) {
  const attempts = Array.from({ length: count }, (_, index) => limiters[index % limiters.length]!.take(name, "alice"));
  const outcomes = await Promise.allSettled(attempts);
  const refusals = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  for (const refusal of refusals) expect(refusal).toBeInstanceOf(RateLimitedError);
  return { passed: count - refusals.length, refusals: refusals as RateLimitedError[] };
}

async function isTaken(limiter: RateLimiter, name: RateLimitName, subject = "alice"): Promise<boolean> {
  return limiter.take(name, subject).then(
    () => true,
    () => false,
  );
}

const lines: string[] = [];
const talkative = createLogger(
  "warn",
  new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) }),
);
const outages = () => lines.filter((line) => line.includes("the store of rate limits is away")).length;

interface Kind {
  readonly name: string;
  readonly isThere: boolean;
  /** Opens what one process has. */
  readonly open: (database: Database) => Promise<RateLimitStore>;
  /** Moves the store's clock to the end of a counter's window. */
  readonly endWindow: (database: Database, counter: string) => Promise<unknown>;
}

async function endInDatabase(database: Database, counter: string): Promise<void> {
  await database
    .em()
    .execute("update rate_limits set expires_at = clock_timestamp() - interval '1 s' where key = ?", [counter]);
}

/** Redis has no key any more whose time is over. */
async function endInRedis(_database: Database, counter: string): Promise<void> {
  const admin = createClient({ url: redisUrl! });
  await admin.connect();
  try {
    expect(await admin.del(`maestro-auth:${counter}`)).toBe(1);
  } finally {
    admin.destroy();
  }
}

const kinds: readonly Kind[] = [
  {
    name: "the database",
    isThere: true,
    open: (database) => Promise.resolve(new DatabaseLimits(database, log)),
    endWindow: endInDatabase,
  },
  {
    name: "Redis",
    isThere: redisUrl !== null,
    open: () => RedisLimits.connect(new Secret(redisUrl!), log),
    endWindow: endInRedis,
  },
];

describe.each(kinds)("counted in $name", ({ isThere, open, endWindow }) => {
  const limits = settings({
    "refresh-user": { points: 10, seconds: 60 },
    "authentication-user": { points: 20, seconds: 60 },
  });

  async function openTwo() {
    const database = await createTestDatabase();
    const secret = newSecret();
    await using stack = new AsyncDisposableStack();
    const [here, there] = [stack.use(await open(database)), stack.use(await open(database))];
    const opened = stack.move();
    const both = [here, there].map((store) => new RateLimiter(limits, store, secret));
    return { database, both, limiter: both[0]!, [Symbol.asyncDispose]: () => opened.disposeAsync() };
  }

  test.runIf(isThere)("attempts at the same moment in two processes cannot exceed a limit together", async () => {
    await using two = await openTwo();
    const { passed, refusals } = await takeMany(two.both, "refresh-user", 40);
    expect(passed).toBe(10);
    for (const { retryAfter, policy } of refusals) {
      expect(retryAfter).toBeGreaterThan(0);
      expect(retryAfter).toBeLessThanOrEqual(60);
      expect(policy).toEqual({ name: "refresh-user", quota: 10, windowSeconds: 60 });
    }
  });

  test.runIf(isThere)("an attempt costs six points until it is known to have done no harm, and one then", async () => {
    await using two = await openTwo();
    for (let attempt = 0; attempt < 10; attempt++) {
      await (await two.both[attempt % 2]!.take("authentication-user", "alice")).giveBack();
    }
    // Ten of twenty are spent: one wrong credential more, and what is left is less than an attempt costs.
    expect(await isTaken(two.limiter, "authentication-user")).toBe(true);
    expect(await isTaken(two.limiter, "authentication-user")).toBe(false);
  });

  test.runIf(isThere)("one subject's attempts are not another's", async () => {
    await using two = await openTwo();
    await takeMany(two.both, "refresh-user", 20);
    expect(await isTaken(two.limiter, "refresh-user", "bob")).toBe(true);
  });

  /** A counter of five points, with a window that ends when it is told to. */
  async function openCounter() {
    const database = await createTestDatabase();
    const store = await open(database);
    const key = randomBytes(8).toString("hex");
    const counter = store.createCounter({ keyPrefix: "test", points: 5, duration: 900, inMemoryBlockOnConsumed: 99 });
    return {
      take: async (points: number) => {
        const { consumedPoints, msBeforeNext } = await counter
          .consume(key, points)
          .catch((refusal: unknown) => refusal as RateLimiterRes);
        return { consumedPoints, msBeforeNext };
      },
      giveBack: (points: number) => counter.reward(key, points),
      endWindow: () => endWindow(database, `test:${key}`),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  }

  test.runIf(isThere)("a window ends by its time, however often one is refused in it", async () => {
    await using counter = await openCounter();
    const first = await counter.take(5);
    let last = first;
    for (let refusals = 1; refusals <= 3; refusals++) {
      const { consumedPoints, msBeforeNext } = await counter.take(1);
      expect(consumedPoints).toBe(5 + refusals);
      expect(msBeforeNext).toBeLessThanOrEqual(last.msBeforeNext);
      last = { consumedPoints, msBeforeNext };
    }
    await counter.endWindow();
    expect((await counter.take(1)).consumedPoints).toBe(1);
  });

  test.runIf(isThere)("points that come back within their window can be taken again, and are no debt", async () => {
    await using counter = await openCounter();
    await counter.take(4);
    await counter.giveBack(3);
    expect((await counter.take(1)).consumedPoints).toBe(2);
    await counter.giveBack(9);
    expect((await counter.take(1)).consumedPoints).toBe(1);
  });

  test.runIf(isThere)("points that come back after their window has ended are no debt of the next", async () => {
    await using counter = await openCounter();
    await counter.take(4);
    await counter.endWindow();
    await counter.giveBack(3);
    expect((await counter.take(1)).consumedPoints).toBe(1);
  });

  test.runIf(isThere)("of many refusals in two processes, one is the first", async () => {
    await using two = await openTwo();
    const notices = await Promise.all(
      Array.from({ length: 20 }, (_, index) => two.both[index % 2]!.isFirstNotice("refresh-user", "alice")),
    );
    expect(notices.filter(Boolean)).toHaveLength(1);
  });
});

test("in memory the same limits hold within one process", async () => {
  const limits = settings({ "refresh-user": { points: 10, seconds: 60 } });
  const limiter = new RateLimiter(limits, memoryStore(), newSecret());
  expect((await takeMany([limiter], "refresh-user", 40)).passed).toBe(10);
});

describe("points that are given back", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Attempts of one subject, each of which costs six points until it has ended well; a minute's window has so many. */
  function newLimiter(points: number): RateLimiter {
    vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] });
    return new RateLimiter(settings({ "authentication-user": { points, seconds: 60 } }), memoryStore(), newSecret());
  }

  test("count in their own window only: those of a window that has ended are not taken off the next", async () => {
    const limiter = newLimiter(11);
    const late = await limiter.take("authentication-user", "alice");
    vi.advanceTimersByTime(60_000);
    await limiter.take("authentication-user", "alice");
    await late.giveBack();
    expect(await isTaken(limiter, "authentication-user")).toBe(false);
  });

  test("so late that they could arrive in the next window are kept", async () => {
    const limiter = newLimiter(11);
    const late = await limiter.take("authentication-user", "alice");
    vi.advanceTimersByTime(59_000);
    await late.giveBack();
    expect(await isTaken(limiter, "authentication-user")).toBe(false);
  });

  test("count as long as their window lasts", async () => {
    const limiter = newLimiter(11);
    const early = await limiter.take("authentication-user", "alice");
    vi.advanceTimersByTime(57_000);
    await early.giveBack();
    expect(await isTaken(limiter, "authentication-user")).toBe(true);
  });
});

test("a limit that is off refuses nothing", async () => {
  const limiter = new RateLimiter(settings({}), memoryStore(), newSecret());
  expect((await takeMany([limiter], "refresh-user", 1_000)).passed).toBe(1_000);
  expect(await limiter.isFirstNotice("refresh-user", "alice")).toBe(false);
});

test("the table knows users and addresses by a keyed hash only, and rows whose window has ended are removed", async () => {
  const database = await createTestDatabase();
  await using store = new DatabaseLimits(database, log);
  const limits = settings({
    "refresh-user": { points: 1, seconds: 900 },
    "oauth-start-ip": { points: 9, seconds: 900 },
  });
  const limiter = new RateLimiter(limits, store, newSecret());
  await limiter.take("refresh-user", "alice");
  await limiter.take("oauth-start-ip", "203.0.113.7");
  const keys = async () => {
    const rows = await database.em().execute<{ key: string }[]>("select key from rate_limits order by key");
    return rows.map(({ key }) => key);
  };
  expect(await keys()).toEqual([
    expect.stringMatching(/^oauth-start-ip:[\w-]{22}$/),
    expect.stringMatching(/^refresh-user:[\w-]{22}$/),
  ]);
  await database
    .em()
    .execute("update rate_limits set expires_at = clock_timestamp() - interval '1 s' where key like 'refresh-user:%'");
  await using _sweeper = new DatabaseLimits(database, log, { sweepIntervalMs: 50 });
  await expect.poll(keys).toEqual([expect.stringMatching(/^oauth-start-ip:/)]);
});

test.runIf(redisUrl !== null)(
  "Redis knows users by a keyed hash only, and forgets them with their window",
  async () => {
    await using store = await RedisLimits.connect(new Secret(redisUrl!), log);
    const user = `user-${crypto.randomUUID()}`;
    const admin = createClient({ url: redisUrl! });
    await admin.connect();
    try {
      const before = new Set(await admin.keys("maestro-auth:refresh-user:*"));
      await new RateLimiter(settings({ "refresh-user": { points: 1, seconds: 60 } }), store, newSecret()).take(
        "refresh-user",
        user,
      );
      const added = (await admin.keys("maestro-auth:refresh-user:*")).filter((key) => !before.has(key));
      expect(added).toHaveLength(1);
      expect(added[0]).toMatch(/^maestro-auth:refresh-user:[\w-]{22}$/);
      expect(await admin.ttl(added[0]!)).toBeGreaterThan(0);
    } finally {
      admin.destroy();
    }
  },
);

describe("a store that is away", () => {
  const limits = settings({ "refresh-user": { points: 10, seconds: 60 } });

  /** The limit still holds, in memory, and the log has one line of it. */
  async function expectMemory(limiter: RateLimiter): Promise<void> {
    lines.length = 0;
    expect((await takeMany([limiter], "refresh-user", 40)).passed).toBe(10);
    expect(outages()).toBeLessThanOrEqual(1);
  }

  test("stops nobody from starting, counting or ending, and is told once", async () => {
    lines.length = 0;
    await using store = await RedisLimits.connect(new Secret("redis://127.0.0.1:1"), talkative);
    expect(outages()).toBe(1);
    await expectMemory(new RateLimiter(limits, store, newSecret()));
    expect(outages()).toBe(0);
  });

  test.runIf(redisUrl !== null)("is asked again once it is back", async () => {
    await using proxy = await FaultProxy.start({ port: Number(new URL(redisUrl!).port || 6379) });
    await using store = await RedisLimits.connect(new Secret(proxy.through(redisUrl!)), talkative);
    const limiter = new RateLimiter(limits, store, newSecret());
    await limiter.take("refresh-user", "alice");
    await proxy.cut();
    await expectMemory(limiter);
    await proxy.restore();
    // One point is spent there; in memory all of them are.
    await expect.poll(() => isTaken(limiter, "refresh-user")).toBe(true);
  });

  test.runIf(redisUrl !== null)("or that never answers, is not waited for", async () => {
    await using proxy = await FaultProxy.start({ port: Number(new URL(redisUrl!).port || 6379) });
    proxy.stall();
    await using store = await RedisLimits.connect(new Secret(proxy.through(redisUrl!)), talkative);
    await expectMemory(new RateLimiter(limits, store, newSecret()));
  });

  test.runIf(databaseUrl !== null)("such as a database that is cut, or that never answers", async () => {
    const url = (await createServerDatabase())!;
    await using proxy = await FaultProxy.start({ port: Number(new URL(url).port || 5432) });
    await using database = await openDatabase({ kind: "postgres", url: proxy.through(url) });
    await migrate(database);
    for (const fault of ["cut", "stall"] as const) {
      await using store = new DatabaseLimits(database, talkative);
      await proxy[fault]();
      await expectMemory(new RateLimiter(limits, store, newSecret()));
      await proxy.restore();
    }
  });
});
