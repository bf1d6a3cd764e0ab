import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkEvents } from "../../src/cli/commands/doctor/events.ts";
import { authenticateMutation } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { PostgresCluster } from "../support/postgres-cluster.ts";
import { RedisServer } from "../support/redis-server.ts";
import { startTestApp } from "../support/test-app.ts";
import { load } from "../support/test-config.ts";
import { createOwnDatabase, programs, urlOf } from "./cluster-stage.ts";

let cluster: PostgresCluster;
let healthy: RedisServer;
let guarded: RedisServer;

beforeAll(async () => {
  cluster = await PostgresCluster.create(programs);
  healthy = await RedisServer.start();
  guarded = await RedisServer.start([], "right");
});

afterAll(async () => {
  for (const server of [healthy, guarded, cluster]) await server[Symbol.asyncDispose]();
});

/** A server that takes connections and says nothing. */
async function startSilent(stack: AsyncDisposableStack): Promise<string> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Two nodes that share the slots: half of all keys are the other one's. */
async function startCluster(stack: AsyncDisposableStack): Promise<string> {
  const nodes = await Promise.all([1, 2].map(() => RedisServer.start(["--cluster-enabled", "yes"])));
  for (const node of nodes) stack.use(node);
  const [first, second] = nodes as [RedisServer, RedisServer];
  await first.command("CLUSTER", "ADDSLOTSRANGE", "0", "8191");
  await second.command("CLUSTER", "ADDSLOTSRANGE", "8192", "16383");
  await first.command("CLUSTER", "MEET", "127.0.0.1", String(second.port));
  return first.url;
}

/** Within `stack`: the URL, what is said in the log, and whether the doorbell is away too. */
const troubles: readonly {
  readonly name: string;
  readonly url: (stack: AsyncDisposableStack) => Promise<string> | string;
  readonly reason: RegExp;
}[] = [
  { name: "is away", url: () => "redis://127.0.0.1:1", reason: /does not answer at/ },
  { name: "says nothing", url: startSilent, reason: /does not answer|in time/ },
  {
    name: "has another password",
    url: () => guarded.url.replace("right", "wr0ng-passw0rd"),
    reason: /refuses the user/,
  },
  { name: "wants a password", url: () => guarded.url.replace(":right@", ""), reason: /refuses the user/ },
  {
    name: "says nothing to TLS",
    url: async (stack) => (await startSilent(stack)).replace("redis:", "rediss:"),
    reason: /with TLS in time/,
  },
  { name: "is without TLS", url: () => healthy.url.replace("redis:", "rediss:"), reason: /TLS|cut the connection/ },
  { name: "has no such database", url: () => `${healthy.url}/99`, reason: /no database of the number/ },
  {
    name: "is full",
    url: async (stack) => {
      const server = stack.use(await RedisServer.start(["--maxmemory", "1", "--maxmemory-policy", "noeviction"]));
      return server.url;
    },
    reason: /is full/,
  },
  {
    name: "is a read-only replica",
    url: async (stack) => {
      const server = stack.use(await RedisServer.start(["--replicaof", `127.0.0.1 ${healthy.port}`]));
      return server.url;
    },
    reason: /read-only replica/,
  },
  { name: "is a cluster", url: startCluster, reason: /is a cluster/ },
];

test.each(troubles)(
  "a Redis that $name ends no process and no request, and is told of once with its cure",
  async (trouble) => {
    await using stack = new AsyncDisposableStack();
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", onUnhandled).on("uncaughtException", onUnhandled);
    stack.defer(() => void process.off("unhandledRejection", onUnhandled).off("uncaughtException", onUnhandled));

    const name = await createOwnDatabase(cluster);
    const provider = stack.use(await startMockProvider("anthropic"));
    const url = await trouble.url(stack);
    const environment = {
      DATABASE_URL: urlOf(cluster, { user: name, database: name }),
      EVENTS_URL: url,
      ANTHROPIC_API_BASE_URL: provider.baseUrl,
    };
    const app = stack.use(await startTestApp({ environment }));
    for (const user of ["alice", "bob", "carol", "dave", "erin", "frank"]) {
      const client = await app.client(user);
      const input = { provider: "anthropic", credential: { apiKey: provider.key } };
      const { authenticate } = await client.execute(authenticateMutation, { input });
      expect(authenticate.__typename).toBe("AuthenticatePayload");
    }
    const warnings = app.logs.filter((line) => /"level":(40|"warn")/.test(line));
    const told = warnings.filter((line) => trouble.reason.test((JSON.parse(line) as { reason?: string }).reason ?? ""));
    expect(told).not.toEqual([]);
    // By those who count, and by the doorbell.
    expect(told.length).toBeLessThanOrEqual(2);
    for (const line of told) {
      expect(JSON.parse(line)).toMatchObject({ cure: expect.stringMatching(/\w/) });
      expect(line).not.toMatch(/wr0ng|\n.*at |node_modules/);
    }
    expect(unhandled).toEqual([]);

    const finding = await checkEvents(load({ DATABASE_URL: environment.DATABASE_URL, EVENTS_URL: url }));
    expect(["warn", "fail"]).toContain(finding.status);
    expect(JSON.stringify(finding)).not.toContain("wr0ng");
  },
);

test("a healthy Redis is told of nothing, and the doctor says how it is reached", async () => {
  const finding = await checkEvents(load({ DATABASE_URL: urlOf(cluster), EVENTS_URL: healthy.url }));
  expect(finding).toMatchObject({ status: "ok", detail: expect.stringContaining("plain text") });
});
