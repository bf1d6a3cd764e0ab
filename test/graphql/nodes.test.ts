import { expect, test } from "vitest";
import { encodeNodeId } from "../../src/graphql/node-id.ts";
import { startTestApp, type TestApp } from "../support/test-app.ts";
import { createTestDatabase } from "../support/test-database.ts";

async function ask(server: TestApp, query: string, variables: object = {}) {
  const response = await (await server.client("alice")).post({ query, variables });
  return (await response.json()) as { data: Record<string, unknown>; errors?: unknown };
}

async function startSessions(server: TestApp, count: number): Promise<string[]> {
  const fields = Array.from({ length: 10 }, (_, index) => `s${index}: startSession(input: {}) { ...Started }`);
  const query = `mutation { ${fields.join(" ")} } fragment Started on StartSessionPayload { session { id } }`;
  const ids: string[] = [];
  while (ids.length < count) {
    const { data } = await ask(server, query);
    ids.push(...Object.values(data).map((started) => (started as { session: { id: string } }).session.id));
  }
  return ids.slice(0, count);
}

test("what cannot be read by its id is null, at its place and without an error", async () => {
  await using server = await startTestApp();
  const [session = ""] = await startSessions(server, 1);
  const nobodys = encodeNodeId("Session", crypto.randomUUID());
  const ids = ["a", session, "", nobodys, encodeNodeId("Toaster", "1"), session, encodeNodeId("Credential", "x"), "🔑"];
  const { data, errors } = await ask(server, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", { ids });
  expect(errors).toBeUndefined();
  expect(data["nodes"]).toEqual(ids.map((id) => (id === session ? { id } : null)));
  for (const id of ids.filter((other) => other !== session)) {
    expect(await ask(server, "query ($id: ID!) { node(id: $id) { id } }", { id })).toEqual({ data: { node: null } });
  }
});

/** A server, and how often it has asked the database since the last look. */
async function countingServer() {
  const database = await createTestDatabase();
  let reads = 0;
  const em = () => {
    reads += 1;
    return database.em();
  };
  const never = 3_600_000;
  const server = await startTestApp({
    database: { ...database, em },
    refresh: { intervalMs: never },
    sweepIntervalMs: never,
    pollIntervalMs: never,
  });
  const readsOf = async (query: string, variables: object) => {
    const before = reads;
    const { errors } = await ask(server, query, variables);
    expect(errors).toBeUndefined();
    return reads - before;
  };
  return { server, readsOf };
}

const contexts = 'activeProvider { status } providers { status credential { id } } provider(name: "openai") { status }';

const largePages = [
  ["a page of sessions with what each uses", `viewer { sessions(first: $count) { nodes { id ${contexts} } } }`],
  ["nodes by their ids", `nodes(ids: $ids) { id ... on Session { ${contexts} } }`],
] as const;

test.each(largePages)("%s asks the database no more often for many than for two", async (_name, selection) => {
  const { server, readsOf } = await countingServer();
  await using _server = server;
  const ids = await startSessions(server, 30);
  const query = selection.includes("$ids")
    ? `query ($ids: [ID!]!) { ${selection} }`
    : `query ($count: Int) { ${selection} }`;
  const few = await readsOf(query, selection.includes("$ids") ? { ids: ids.slice(0, 2) } : { count: 2 });
  const many = await readsOf(query, selection.includes("$ids") ? { ids } : { count: 30 });
  expect(few).toBeGreaterThan(0);
  expect(many).toBe(few);
});
