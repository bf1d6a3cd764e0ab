import { Writable } from "node:stream";
import { createClient } from "@redis/client";
import pg from "pg";
import { describe, expect, inject, test } from "vitest";
import { postgresLine } from "../../src/events/postgres-doorbell.ts";
import { redisLine } from "../../src/events/redis-doorbell.ts";
import { type OpenLine, SharedDoorbell } from "../../src/events/shared-doorbell.ts";
import { Secret } from "../../src/lib/secret.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { authenticateMutation, credentialEventsSubscription } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { createServerDatabase } from "../support/test-database.ts";

const log = createLogger("silent");
const postgresUrl = await createServerDatabase();
const { redisUrl } = inject("testRun");

async function cutPostgres(): Promise<void> {
  const admin = new pg.Client({ connectionString: postgresUrl! });
  await admin.connect();
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'maestro-auth doorbell' and datname = current_database()",
  );
  await admin.end();
}

const createAdmin = () => createClient({ url: redisUrl! });

async function onRedis(use: (client: ReturnType<typeof createAdmin>) => Promise<void>): Promise<void> {
  const client = createAdmin();
  await client.connect();
  try {
    await use(client);
  } finally {
    client.destroy();
  }
}

async function cutRedis(): Promise<void> {
  await onRedis(async (admin) => {
    const doorbells = (await admin.clientList()).filter(({ name }) => name === "maestro-auth-doorbell");
    for (const { id } of doorbells) await admin.clientKill({ filter: "ID", id });
  });
}

/** Resolves when the doorbell has rung for all of these users. */
function heard(doorbell: SharedDoorbell, users: Iterable<string>): Promise<void> {
  const waiting = new Set(users);
  const { promise, resolve } = Promise.withResolvers<void>();
  doorbell.onRing((user) => {
    waiting.delete(user);
    if (waiting.size === 0) resolve();
  });
  return promise;
}

interface Carrier {
  readonly name: string;
  readonly url: string | null;
  readonly line: (url: string) => OpenLine;
  readonly cut: () => Promise<void>;
  /** Where no server is. */
  readonly nowhere: string;
}

const carriers: readonly Carrier[] = [
  {
    name: "PostgreSQL",
    url: postgresUrl,
    line: (url) => postgresLine(new Secret(url)),
    cut: cutPostgres,
    nowhere: "postgres://nobody@127.0.0.1:1/none",
  },
  {
    name: "Redis",
    url: redisUrl,
    line: (url) => redisLine(new Secret(url)),
    cut: cutRedis,
    nowhere: "redis://127.0.0.1:1",
  },
];

describe.each(carriers)("over $name", ({ name, url, line, cut, nowhere }) => {
  const variable = name === "Redis" ? "TEST_REDIS_URL" : "TEST_DATABASE_URL";
  // A user's ids of this run alone: all of a Redis server's clients share its channels.
  const alice = `alice ${crypto.randomUUID()}`;

  describe.skipIf(url === null)(`where ${variable} names one`, () => {
    test("a ring in one process is heard in it and in every other", async () => {
      await using here = await SharedDoorbell.connect(line(url!), log);
      await using there = await SharedDoorbell.connect(line(url!), log);
      const both = Promise.all([heard(here, [alice]), heard(there, [alice])]);
      here.ring(alice);
      await expect(both).resolves.toBeDefined();
    });

    test("a process hears its own ring once, and that of another as it comes", async () => {
      await using here = await SharedDoorbell.connect(line(url!), log);
      await using there = await SharedDoorbell.connect(line(url!), log);
      const bob = `bob ${crypto.randomUUID()}`;
      const rings: string[] = [];
      here.onRing((user) => rings.push(user));
      here.ring(alice);
      await heard(there, [alice]);
      // Messages of one line keep their order: an echo of the first ring would have come before this one.
      const answered = heard(here, [bob]);
      there.ring(bob);
      await answered;
      expect(rings.filter((user) => user === alice || user === bob)).toEqual([alice, bob]);
    });

    test("more users than one message can carry are all told, whatever their ids hold", async () => {
      await using here = await SharedDoorbell.connect(line(url!), log);
      await using there = await SharedDoorbell.connect(line(url!), log);
      const users = Array.from({ length: 500 }, (_, index) => `${"ü\"'\\ ".repeat(10)}${index}`);
      const all = heard(there, users);
      for (const user of users) here.ring(user);
      await expect(all).resolves.toBeUndefined();
    });

    test("rings of the last moment still go out", async () => {
      await using there = await SharedDoorbell.connect(line(url!), log);
      const last = heard(there, [alice]);
      {
        await using here = await SharedDoorbell.connect(line(url!), log);
        here.ring(alice);
      }
      await expect(last).resolves.toBeUndefined();
    });

    test("a doorbell whose connection the server has ended rings again", async () => {
      await using here = await SharedDoorbell.connect(line(url!), log);
      await using there = await SharedDoorbell.connect(line(url!), log);
      await cut();
      const again = heard(there, [alice]);
      const ringing = setInterval(() => here.ring(alice), 50);
      await expect(again).resolves.toBeUndefined();
      clearInterval(ringing);
    });
  });

  test("a server that is away keeps nobody from starting, from ringing here, or from ending", async () => {
    await using doorbell = await SharedDoorbell.connect(line(nowhere), log);
    const local = heard(doorbell, [alice]);
    doorbell.ring(alice);
    await expect(local).resolves.toBeUndefined();
  });
});

test.skipIf(redisUrl === null)("what others publish on the channel does no harm", async () => {
  await using doorbell = await SharedDoorbell.connect(redisLine(new Secret(redisUrl!)), log);
  const good = heard(doorbell, ["alice"]);
  await onRedis(async (stranger) => {
    for (const payload of ["", "{", "null", '{"a":1}', "[1,null,{}]", '[7,"alice"]']) {
      await stranger.publish("maestro_auth_events", payload);
    }
  });
  await expect(good).resolves.toBeUndefined();
});

/** Two servers on one database. The first stores a credential; subscribers are at the second. */
async function startTwo(eventsUrl: string, pollIntervalMs: number) {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(await startMockProvider("anthropic"));
  const environment = {
    ANTHROPIC_API_BASE_URL: provider.baseUrl,
    DATABASE_URL: (await createServerDatabase())!,
    EVENTS_URL: eventsUrl,
  };
  const here = stack.use(await startTestApp({ environment }));
  const there = stack.use(await startTestApp({ environment, pollIntervalMs }));
  const started = stack.move();
  return {
    there,
    store: async () => {
      const client = await here.client("alice");
      const input = { provider: "anthropic", credential: { apiKey: provider.key } };
      await client.execute(authenticateMutation, { input });
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

describe.skipIf(postgresUrl === null)("two servers with EVENTS_URL, where TEST_DATABASE_URL names a database", () => {
  test.skipIf(redisUrl === null)("Redis brings an event of one to the subscribers of the other", async () => {
    await using servers = await startTwo(redisUrl!, 2 ** 30);
    const client = await servers.there.client("alice");
    await using events = await client.subscribeSse(credentialEventsSubscription);
    await servers.store();
    expect((await events.next()).data?.credentialEvents.__typename).toBe("CredentialStored");
  });

  test("while Redis is away, polling brings it", async () => {
    await using servers = await startTwo("redis://127.0.0.1:1", 1_000);
    const client = await servers.there.client("alice");
    await using events = await client.subscribeSse(credentialEventsSubscription);
    await servers.store();
    expect((await events.next()).data?.credentialEvents.__typename).toBe("CredentialStored");
  });
});

describe("servers on two timelines that share a line", () => {
  /** What one of them hears of what the other rings, and what its operator is told. */
  async function share(others: string | null, { graceMs = 0, looked = "mine" } = {}) {
    let hear: (payload: string) => void = () => {};
    const lost = new Promise<void>(() => {});
    const line: OpenLine = async (onPayload) => {
      hear = onPayload;
      return { send: async () => {}, lost, close: async () => {} };
    };
    const warnings: string[] = [];
    const sink = new Writable({
      write: (text: Buffer, _encoding, done) => {
        warnings.push(text.toString());
        done();
      },
    });
    const doorbell = await SharedDoorbell.connect(line, createLogger("warn", sink));
    const heard: string[] = [];
    let strangers = 0;
    doorbell.onRing((userId) => heard.push(userId));
    const timeline = { id: "mine", look: async () => void (timeline.id = looked) };
    doorbell.follow(timeline, () => (strangers += 1), graceMs);
    for (const user of ["alice", "bob", "carol"]) {
      hear(JSON.stringify([{ from: "another", ...(others === null ? {} : { timeline: others }) }, user]));
      await new Promise(setImmediate);
    }
    return { heard, strangers, warnings: warnings.length };
  }

  test("do not hear each other, and their operator is told once", async () => {
    expect(await share("another's")).toEqual({ heard: [], strangers: 3, warnings: 1 });
  });

  test("are given some seconds to find a new timeline", async () => {
    expect(await share("another's", { graceMs: 2 ** 30 })).toEqual({ heard: [], strangers: 3, warnings: 0 });
  });

  test("hear each other once this one has found the other's", async () => {
    expect(await share("new", { looked: "new" })).toEqual({ heard: ["bob", "carol"], strangers: 0, warnings: 0 });
  });

  test.each(["mine", null])("hear each other where the other says %j", async (others) => {
    expect(await share(others)).toEqual({ heard: ["alice", "bob", "carol"], strangers: 0, warnings: 0 });
  });
});
