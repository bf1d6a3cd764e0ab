import pg from "pg";
import { describe, expect, inject, test } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import { startTestApp, type TestApp } from "../support/test-app.ts";
import { createMigratedServerDatabase } from "../support/test-database.ts";

async function send(server: TestApp, query: string) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${await server.token("alice")}` };
  const response = await fetch(`${server.baseUrl}/graphql`, {
    method: "POST",
    headers,
    body: JSON.stringify({ query }),
  });
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.text() };
}

const start = 'mutation { startSession(input: { label: "one" }) { __typename } }';
const end = (id: string) => `mutation { endSession(input: { sessionId: "${id}" }) { __typename } }`;

const { databaseUrl } = inject("testRun");

// The embedded database has one connection, so that nothing waits for a lock there.
describe.runIf(databaseUrl !== null)("a lock that another transaction holds", () => {
  async function begin() {
    await using stack = new AsyncDisposableStack();
    const url = (await createMigratedServerDatabase())!;
    const database = stack.use(await openDatabase({ kind: "postgres", url, lockMs: 200 }));
    const server = stack.use(await startTestApp({ database }));
    const holder = new pg.Client({ connectionString: url });
    stack.defer(() => holder.end());
    await holder.connect();
    const kept = stack.move();
    return { database, server, holder, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  }

  test("on a row is waited for no longer than is set; the operation can be sent again", async () => {
    await using stage = await begin();
    const { server, holder } = stage;
    await send(server, start);
    const { body } = await send(server, "{ viewer { sessions { nodes { id } } } }");
    const [, id] = /"id":"([^"]+)"/.exec(body)!;
    await holder.query("begin; select 1 from sessions for update");
    const refused = await send(server, end(id!));
    expect(refused).toMatchObject({ status: 503, retryAfter: "1" });
    expect(JSON.parse(refused.body)).toMatchObject({
      errors: [{ message: expect.stringMatching(/busy.*again/), extensions: { code: "DATABASE_BUSY", retryAfter: 1 } }],
    });
    await holder.query("rollback");
    expect((await send(server, end(id!))).body).toContain('"EndSessionPayload"');
  });

  test("of a user's quota as well", async () => {
    await using stage = await begin();
    const { server, holder } = stage;
    await holder.query("begin; select pg_advisory_xact_lock(hashtextextended('alice', 4727202))");
    expect((await send(server, start)).body).toContain("DATABASE_BUSY");
    await holder.query("rollback");
    expect((await send(server, start)).body).toContain('"StartSessionPayload"');
  });

  test("is waited for without a limit by what may take long", async () => {
    await using stage = await begin();
    await using own = await stage.database.unlimited();
    const shown = await own.orm.em.fork().execute<{ lock_timeout: string }[]>("show lock_timeout");
    expect(shown).toEqual([{ lock_timeout: "0" }]);
  });
});
