import { randomBytes } from "node:crypto";
import { createClient } from "@redis/client";
import { Writable } from "node:stream";
import { pino } from "pino";
import { describe, expect, inject, test } from "vitest";
import { DatabaseLimits } from "../../src/callers/database-limits.ts";
import { type RateLimitName, rateLimitNames, type RateLimitSettings } from "../../src/callers/rate-limit.ts";
import { RateLimiter } from "../../src/callers/rate-limiter.ts";
import { memoryStore, type RateLimitStore } from "../../src/callers/rate-limit-store.ts";
import { RedisLimits } from "../../src/callers/redis-limits.ts";
import { Secret } from "../../src/credentials/secret.ts";
import { type Database, openDatabase } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { RateLimitedError } from "../../src/errors.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { createServerDatabase, createTestDatabase } from "../support/test-database.ts";

const log = pino({ level: "silent" });
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
}

const kinds: readonly Kind[] = [
  { name: "the database", isThere: true, open: (database) => Promise.resolve(new DatabaseLimits(database, log)) },
  { name: "Redis", isThere: redisUrl !== null, open: () => RedisLimits.connect(new Secret(redisUrl!), log) },
];

describe.each(kinds)("counted in $name", ({ isThere, open }) => {
  const limits = settings({
    "refresh-user": { points: 10, seconds: 60 },
    "authentication-user": { points: 20, seconds: 60 },
    "session-start-user": { points: 1, seconds: 1 },
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

  test.runIf(isThere)("a window ends by its time, however often one is refused in it", async () => {
    await using two = await openTwo();
    expect(await isTaken(two.limiter, "session-start-user")).toBe(true);
    expect(await isTaken(two.limiter, "session-start-user")).toBe(false);
    await expect.poll(() => isTaken(two.limiter, "session-start-user")).toBe(true);
  });

  test.runIf(isThere)("points that come back after their window has ended are no debt of the next", async () => {
    await using two = await openTwo();
    await using store = await open(two.database);
    const key = randomBytes(8).toString("hex");
    const counter = store.createCounter({ keyPrefix: "late", points: 5, duration: 1, inMemoryBlockOnConsumed: 10 });
    await counter.reward(key, 5);
    expect((await counter.consume(key)).consumedPoints).toBe(1);
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

test("a limit that is off refuses nothing", async () => {
  const limiter = new RateLimiter(settings({}), memoryStore(), newSecret());
  expect((await takeMany([limiter], "refresh-user", 1_000)).passed).toBe(1_000);
  expect(await limiter.isFirstNotice("refresh-user", "alice")).toBe(false);
});

test("the table knows users and addresses by a keyed hash only, and rows whose window has ended are removed", async () => {
  const database = await createTestDatabase();
  await using store = new DatabaseLimits(database, log, { sweepIntervalMs: 50 });
  const limits = settings({ "refresh-user": { points: 1, seconds: 2 }, "oauth-start-ip": { points: 9, seconds: 900 } });
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
