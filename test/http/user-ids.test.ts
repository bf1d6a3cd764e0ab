import fc from "fast-check";
import { expect, test } from "vitest";
import { isUserId } from "../../src/callers/user-id.ts";
import { parseImportLine } from "../../src/cli/commands/import/import-line.ts";
import { parseUser } from "../../src/cli/user-option.ts";
import { authenticateMutation, viewerQuery } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp, type TestApp } from "../support/test-app.ts";
import { TestClient } from "../support/test-client.ts";
import { type CallerTransport, callerTransports } from "./caller-transports.ts";

/** As the documentation tells applications to write an id in a header. */
function encoded(id: string): string {
  const percent = (text: string) => `%${text.charCodeAt(0).toString(16).toUpperCase()}`;
  return `UTF-8''${encodeURIComponent(id).replaceAll(/['()*]/g, percent)}`;
}

/** What a server reads from the bytes that an HTTP client writes. */
const asBytes = (id: string) => Buffer.from(id).toString("latin1");

/** Where an id may stand as it is: a header loses the spaces around it, and what looks encoded is read as such. */
function plainTransports(id: string): readonly CallerTransport[] {
  const isPlain = id.trim() === id && !/^UTF-8'/i.test(id);
  return isPlain ? callerTransports.filter(({ name }) => name !== "SSE") : [];
}

const readQuery = `query ($user: String!, $id: ID!, $ids: [ID!]!) {
  viewer { id userId }
  user(id: $user) { id userId }
  node(id: $id) { id ... on User { userId } }
  nodes(ids: $ids) { id }
}`;

async function readEverywhere(server: TestApp, userId: string): Promise<void> {
  const own = new TestClient(server.baseUrl, await server.token(userId, { scopes: ["users:act"] }));
  const { viewer } = await own.execute(viewerQuery);
  const user = { id: viewer.id, userId };
  const variables = { user: userId, id: viewer.id, ids: [viewer.id] };
  const answer = await own.post({ query: readQuery, variables });
  expect(await answer.json()).toEqual({ data: { viewer: user, user, node: user, nodes: [{ id: viewer.id }] } });

  const authorization = `Bearer ${await server.token("service", { scopes: ["users:act"] })}`;
  for (const { name, send } of callerTransports) {
    const { text } = await send(server, { authorization, onBehalfOf: encoded(userId) });
    expect([name, text]).toEqual([name, expect.stringContaining(JSON.stringify(userId))]);
  }
  for (const { name, send } of plainTransports(userId)) {
    const { text } = await send(server, { authorization, onBehalfOf: name === "HTTP" ? asBytes(userId) : userId });
    expect([name, text]).toEqual([name, expect.stringContaining(JSON.stringify(userId))]);
  }
  expect(parseUser(userId)).toBe(userId);
  const line = { user: userId, provider: "anthropic", apiKey: "sk-ant-api03-of-somebody" };
  expect(parseImportLine(JSON.stringify(line)).userId).toBe(userId);
}

const examples = [
  ["200 letters of three bytes", "山".repeat(200)],
  ["255 letters of two bytes", "ü".repeat(255)],
  ["255 characters of four bytes", "😀".repeat(255)],
  ["spaces at both ends", " alice "],
  ["something that looks encoded", "UTF-8''alice"],
  ["percent signs", "a%20b%"],
  ["quotes, commas and backslashes", `a"b',\\c`],
  ["a colon, as node ids have", "User:alice"],
  ["what Latin-1 would make of UTF-8", "JÃ¼rgen"],
  ["a letter for private replacement", "a\ufffdb"],
] as const;

test.each(examples)(
  "an id with %s works in tokens, queries, node ids, headers, sockets, commands and imports",
  async (_n, id) => {
    await using server = await startTestApp();
    await expect(readEverywhere(server, id)).resolves.toBeUndefined();
  },
);

test("every id that is accepted works in every way in and out", { timeout: 120_000 }, async () => {
  await using server = await startTestApp();
  const ids = fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 6 }),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 255 }),
    fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 20 }),
  );
  const property = fc.asyncProperty(ids.filter(isUserId), (id) => readEverywhere(server, id));
  await expect(fc.assert(property, { numRuns: 12 })).resolves.toBeUndefined();
});

test("what is refused in one way in is refused in each", async () => {
  await using server = await startTestApp();
  const authorization = `Bearer ${await server.token("service", { scopes: ["users:act"] })}`;
  const service = new TestClient(server.baseUrl, await server.token("service", { scopes: ["users:act"] }));
  for (const id of ["a\u200bb", "a\u202eb", "a\u0085b", "x".repeat(256), "😀".repeat(256), ""]) {
    const token = await server.token(id);
    expect((await new TestClient(server.baseUrl, token).post({ query: "{ viewer { id } }" })).status).toBe(401);
    const { errors } = (await (
      await service.post({ query: readQuery, variables: { user: id, id: "", ids: [] } })
    ).json()) as {
      errors?: unknown[];
    };
    expect(errors).toHaveLength(1);
    for (const { send } of callerTransports) {
      expect((await send(server, { authorization, onBehalfOf: encoded(id) })).text).toContain("must be one user id");
    }
    expect(() => parseUser(id)).toThrow("A user id is a text of 1 to 255 characters");
    const line = { user: id, provider: "anthropic", apiKey: "sk-ant-api03-of-somebody" };
    expect(() => parseImportLine(JSON.stringify(line))).toThrow("user must be a text of 1 to 255 characters");
  }
});

test.each([
  ["Latin-1 in the header", "J\u00fcrgen"],
  ["Latin-1 that is encoded", "UTF-8''J%FCrgen"],
])("%s names nobody, and the refusal shows the right way", async (_name, onBehalfOf) => {
  await using server = await startTestApp();
  const authorization = `Bearer ${await server.token("service", { scopes: ["users:act"] })}`;
  for (const { name, send } of callerTransports) {
    if (name === "WebSocket" && !onBehalfOf.includes("'")) continue;
    const { text } = await send(server, { authorization, onBehalfOf });
    expect(text).toContain("Write such an id as UTF-8''J%C3%BCrgen (RFC 8187)");
  }
});

test("a user with the longest id connects, is stored, and is told of it", async () => {
  await using provider = await startMockProvider("anthropic");
  await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  const client = await server.client("😀".repeat(255));
  const input = { provider: "anthropic", label: "😀".repeat(80), credential: { apiKey: provider.key } };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  expect(authenticate.__typename).toBe("AuthenticatePayload");
});
