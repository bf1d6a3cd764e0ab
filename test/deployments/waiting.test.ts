import { once } from "node:events";
import { createServer } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openConfiguredDatabase, openDatabase } from "../../src/app/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { Secret } from "../../src/lib/secret.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { patience } from "../support/patience.ts";
import { PostgresCluster } from "../support/postgres-cluster.ts";
import { startTestApp } from "../support/test-app.ts";
import { createOwnDatabase, openAt, programs, refusalOf, urlOf } from "./cluster-stage.ts";

let cluster: PostgresCluster;
beforeAll(async () => void (cluster = await PostgresCluster.create(programs)));
afterAll(() => cluster[Symbol.asyncDispose]());

const ownUrl = (name: string) => urlOf(cluster, { user: name, database: name });

/** Somebody else's connection. */
async function openHolder(name: string) {
  const client = new pg.Client({ connectionString: ownUrl(name), application_name: "the holder" });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const end = () => client.end();
  return {
    pid: rows[0]!.pid,
    query: (text: string) => client.query(text),
    end,
    [Symbol.asyncDispose]: () => end().catch(() => {}),
  };
}

/** The status of `/ready`, and the reason that it gives. */
async function readiness(baseUrl: string): Promise<unknown> {
  const response = await fetch(`${baseUrl}/ready`);
  return { ...((await response.json()) as { reason?: string }), status: response.status };
}

describe("a lock that somebody else holds", () => {
  test.each([
    ["the lock of the migrations", "", "select pg_advisory_lock(4727201)"],
    ["the same within a transaction", "", "begin; select pg_advisory_xact_lock(4727201)"],
    ["a table that a migration changes", "revert", "begin; lock credential_uses in exclusive mode"],
  ])(
    "%s is waited for no longer than allowed, and its holder is named meanwhile and at the end",
    async (_, first, hold) => {
      const name = await createOwnDatabase(cluster);
      await using holder = await openHolder(name);
      await using database = await openAt(ownUrl(name));
      if (first === "revert") {
        await migrate(database);
        await database.orm.migrator.down({ to: "0007-key-rotation" });
      }
      await holder.query(hold);
      const told: string[] = [];
      await expect(migrate(database, { waitMs: 1_500, onWait: (text) => told.push(text) })).rejects.toMatchObject({
        reason: expect.stringMatching(new RegExp(`process ${holder.pid} \\(the holder.*holds`)),
        cure: expect.stringContaining(`pg_terminate_backend(${holder.pid})`),
      });
      expect(told[0]).toContain(`process ${holder.pid} (the holder`);
      await holder.end();
      expect((await migrate(database)).length).toBeGreaterThan(0);
    },
  );

  test("does not matter where nothing is to be migrated", async () => {
    const name = await createOwnDatabase(cluster);
    await using database = await openAt(ownUrl(name));
    await migrate(database);
    await using holder = await openHolder(name);
    await holder.query("select pg_advisory_lock(4727201)");
    expect(await migrate(database, { waitMs: 1_000 })).toEqual([]);
  });
});

describe("a PostgreSQL that comes late", () => {
  test("is waited for, and told of meanwhile, and the server starts once it is there", async () => {
    await using late = await PostgresCluster.create(programs);
    const url = urlOf(late);
    await late.stopImmediately();
    const told: string[] = [];
    const starting = startTestApp({
      environment: { DATABASE_URL: url, DATABASE_WAIT_SECONDS: "100" },
      onWait: (text) => told.push(text),
    });
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(1), patience);
    expect(told[0]).toMatch(/does not answer at 127\.0\.0\.1:\d+\. Waiting for it, \d+ s at most/);
    await late.start();
    await using app = await starting;
    expect(await readiness(app.baseUrl)).toMatchObject({ status: 200 });
  });

  test.each([
    ["refuses connections", async () => new URL("postgres://u@127.0.0.1:1/db").href, /does not answer/],
    [
      "says that it is starting (57P03)",
      async (stack: AsyncDisposableStack) => {
        // As PostgreSQL does: https://www.postgresql.org/docs/current/protocol-message-formats.html, ErrorResponse.
        const fields = Buffer.from("SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0");
        const head = Buffer.alloc(5);
        head.write("E");
        head.writeInt32BE(fields.length + 4, 1);
        const server = createServer((socket) => {
          socket.on("error", () => {});
          socket.once("data", () => socket.end(Buffer.concat([head, fields])));
        }).listen(0, "127.0.0.1");
        await once(server, "listening");
        stack.defer(() => void server.close());
        return `postgres://u@127.0.0.1:${(server.address() as { port: number }).port}/db`;
      },
      /starting or stopping/,
    ],
    [
      "cuts each connection",
      async (stack: AsyncDisposableStack) => {
        const server = createServer((socket) => {
          socket.on("error", () => {});
          socket.once("data", () => socket.destroy());
        }).listen(0, "127.0.0.1");
        await once(server, "listening");
        stack.defer(() => void server.close());
        return `postgres://u@127.0.0.1:${(server.address() as { port: number }).port}/db`;
      },
      /cut the connection/,
    ],
  ])("and %s is waited for as long as DATABASE_WAIT_SECONDS says, and then told of", async (_, start, reason) => {
    await using stack = new AsyncDisposableStack();
    const url = new Secret(await start(stack));
    const told: string[] = [];
    const settings = { databaseUrl: url, dataDir: "" };
    const failure = await refusalOf(
      openConfiguredDatabase(settings, { waitMs: 1_500, onWait: (text) => told.push(text) }),
    );
    expect(failure.reason).toMatch(reason);
    expect(told[0]).toMatch(reason);
    const atOnce = await refusalOf(openConfiguredDatabase(settings));
    expect(atOnce.reason).toMatch(reason);
    expect(told).toHaveLength(1);
  });
});

describe("a database that cannot be written", () => {
  test("is waited for by a server, and `/ready` is true only when it can write", async () => {
    await using standby = await PostgresCluster.create(programs);
    const environment = { DATABASE_URL: urlOf(standby), DATABASE_WAIT_SECONDS: "100" };
    {
      await using app = await startTestApp({ environment });
      expect(await readiness(app.baseUrl)).toMatchObject({ status: 200 });
      await standby.becomeStandby();
      await vi.waitFor(
        async () =>
          expect(await readiness(app.baseUrl)).toMatchObject({ status: 503, reason: "The database is read-only." }),
        patience,
      );
    }
    const told: string[] = [];
    const starting = startTestApp({ environment, onWait: (text) => told.push(text) });
    await vi.waitFor(() => expect(told.join()).toContain("read-only"), patience);
    await standby.promote();
    await using app = await starting;
    expect(await readiness(app.baseUrl)).toMatchObject({ status: 200 });
  });

  test("by default_transaction_read_only is refused with its cure, and not overridden", async () => {
    const name = await createOwnDatabase(cluster, ["alter database $name set default_transaction_read_only = on"]);
    const settings = { databaseUrl: new Secret(ownUrl(name)), dataDir: "" };
    const { reason, cure } = await refusalOf(openConfiguredDatabase(settings, { isForWriting: true }));
    expect(reason).toContain("read-only");
    expect(cure).toContain("default_transaction_read_only");
    // What only reads works there.
    await using database = await openConfiguredDatabase(settings);
    expect(database.facts?.isReadOnly).toBe(true);
  });
});

describe("a network that swallows", () => {
  test("keeps neither the statements nor those who wait for a connection, and the pool heals", async () => {
    await using proxy = await FaultProxy.start({ port: cluster.port });
    await using database = await openDatabase({
      kind: "postgres",
      url: proxy.through(urlOf(cluster)),
      statementMs: 1_000,
    });
    const one = { name: "one", text: "select 1 as one" };
    await Promise.all(Array.from({ length: 10 }, () => database.query(one, [])));
    proxy.stall();
    const swallowed = Array.from({ length: 60 }, () => database.query(one, []));
    const inTransaction = database.transaction((em) => em.execute("select 1"));
    for (const { status } of await Promise.allSettled([...swallowed, inTransaction])) expect(status).toBe("rejected");
    await proxy.restore();
    await vi.waitFor(async () => expect(await database.query(one, [])).toEqual([{ one: 1 }]), patience);
    await Promise.all(Array.from({ length: 60 }, () => database.query(one, [])));
  });

  test("makes `/ready` false, and true again when it has ended", async () => {
    const name = await createOwnDatabase(cluster);
    await using proxy = await FaultProxy.start({ port: cluster.port });
    const environment = { DATABASE_URL: proxy.through(ownUrl(name)), DATABASE_STATEMENT_TIMEOUT: "1" };
    await using app = await startTestApp({ environment });
    expect(await readiness(app.baseUrl)).toMatchObject({ status: 200 });
    proxy.stall();
    expect(await readiness(app.baseUrl)).toMatchObject({ status: 503, reason: "The database does not answer." });
    await proxy.restore();
    await vi.waitFor(async () => expect(await readiness(app.baseUrl)).toMatchObject({ status: 200 }), patience);
  });
});
