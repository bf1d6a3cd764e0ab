import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "graphql-ws";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { ConfigError } from "../../../src/config/config.ts";
import { eventsSubscription, viewerQuery } from "../../client/operations.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { startTestApp } from "../../support/test-app.ts";
import { codeOf, post } from "../http-request.ts";
import { ProtocolSocket } from "../websocket/protocol-socket.ts";
import { type Operation, transports } from "./echo.ts";

/** The manifest that `npm run codegen` writes for the operations of these tests. */
const manifest = fileURLToPath(new URL("../../client/gql/persisted-documents.json", import.meta.url));
const texts = JSON.parse(await readFile(manifest, "utf8")) as Record<string, string>;

const idOf = (document: object) => (document as { __meta__?: { hash: string } }).__meta__!.hash;
const viewerId = idOf(viewerQuery);
const viewerText = texts[viewerId]!;
const bare = (id: string) => id.replace("sha256:", "");
const persisted = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });

const trusting = { environment: { TRUSTED_DOCUMENTS: manifest, GET_QUERIES: "true" } };

test("the ids of the client preset are the hashes of the manifest's texts", () => {
  expect(viewerId).toBe(`sha256:${createHash("sha256").update(viewerText).digest("hex")}`);
});

/** Every form in which a client may name a trusted document. A text must be the manifest's own, letter for letter. */
const trusted: Record<string, Operation> = {
  "its id": { query: "", documentId: viewerId },
  "its bare hash": { query: "", documentId: bare(viewerId) },
  "the hash of Apollo Client and urql": { query: "", extensions: persisted(bare(viewerId)) },
  "an id as graphql-ws's recipe sends it": { query: "", extensions: { persistedQuery: viewerId } },
  "its text": { query: viewerText },
  "its text and id": { query: viewerText, documentId: viewerId },
  "its text and hash": { query: viewerText, extensions: persisted(bare(viewerId)) },
};

const unknown = "0".repeat(64);
const other = "{ viewer { userId } }";

const refused: Record<string, readonly [operation: Operation, code: string]> = {
  "another text": [{ query: other }, "DOCUMENT_NOT_TRUSTED"],
  "the text with a space more": [{ query: `${viewerText} ` }, "DOCUMENT_NOT_TRUSTED"],
  nothing: [{ query: "" }, "DOCUMENT_NOT_TRUSTED"],
  "another text with a trusted id": [{ query: other, documentId: viewerId }, "DOCUMENT_NOT_TRUSTED"],
  "another text with a trusted hash": [{ query: other, extensions: persisted(bare(viewerId)) }, "DOCUMENT_NOT_TRUSTED"],
  "another text that names its own hash": [
    { query: other, extensions: persisted(createHash("sha256").update(other).digest("hex")) },
    "DOCUMENT_NOT_TRUSTED",
  ],
  "an unknown id": [{ query: "", documentId: `sha256:${unknown}` }, "DOCUMENT_NOT_FOUND"],
  "an unknown hash": [{ query: "", extensions: persisted(unknown) }, "DOCUMENT_NOT_FOUND"],
  "the id of another trusted document": [
    { query: viewerText, documentId: idOf(eventsSubscription) },
    "DOCUMENT_NOT_FOUND",
  ],
  "a name that objects have": [{ query: "", documentId: "constructor" }, "DOCUMENT_NOT_FOUND"],
  introspection: [{ query: "{ __schema { queryType { name } } }" }, "DOCUMENT_NOT_TRUSTED"],
};

/** Over HTTP a client that sends an id leaves the text out; graphql-transport-ws wants one, if only an empty one. */
function formsOf(transport: string, operation: Operation): Operation[] {
  const { query, ...rest } = operation;
  return transport === "WebSocket" || query !== "" || Object.keys(rest).length === 0 ? [operation] : [operation, rest];
}

describe.each(Object.entries(transports))("over %s", (transport, send) => {
  test.each(Object.entries(trusted))("a trusted document runs by %s", async (_name, operation) => {
    await using server = await startTestApp(trusting);
    const token = await server.token("alice");
    for (const form of formsOf(transport, operation)) {
      const { seen, errors } = await send(server, token, form);
      expect(errors).toEqual([]);
      expect(seen).toContain('"userId":"alice"');
    }
  });

  const sendable = Object.entries(refused).filter(([name]) => !(transport === "GET" && name === "nothing"));
  test.each(sendable)("%s is refused", async (_name, [operation, code]) => {
    await using server = await startTestApp(trusting);
    const token = await server.token("alice");
    for (const form of formsOf(transport, operation)) {
      const { seen, errors } = await send(server, token, form);
      expect(errors).toMatchObject([{ extensions: { code } }]);
      expect(seen).not.toContain('"data"');
    }
  });

  test("without a manifest an id is refused in a way that makes clients send the text", async () => {
    await using server = await startTestApp({ environment: { GET_QUERIES: "true" } });
    const token = await server.token("alice");
    const { errors } = await send(server, token, { query: "", extensions: persisted(bare(viewerId)) });
    expect(errors).toMatchObject([{ extensions: { code: "PERSISTED_QUERY_NOT_SUPPORTED" } }]);
    const both = await send(server, token, { query: other, extensions: persisted(unknown) });
    expect(both.errors).toEqual([]);
  });
});

test("two documents that come with the same empty text are not taken for one another", async () => {
  await using server = await startTestApp(trusting);
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  const ids = [viewerId, idOf(eventsSubscription), viewerId];
  ids.forEach((documentId, index) =>
    socket.send({ type: "subscribe", id: String(index), payload: { query: "", documentId } }),
  );
  // The queries may end in any order; the subscription does not end.
  const ended = new Set<unknown>();
  const messages = await socket.until(({ type, id }) => type === "complete" && ended.add(id).size === 2);
  const answered = messages.filter(({ type }) => type === "next").map(({ id }) => id);
  expect(answered).toHaveLength(2);
  expect(new Set(answered)).toEqual(new Set(["0", "2"]));
});

test("limits hold for trusted documents too", async () => {
  await using server = await startTestApp({ ...trusting, documents: { cost: 27 } });
  const operation = { query: "", documentId: viewerId };
  for (const send of Object.values(transports)) {
    const { errors } = await send(server, await server.token("alice"), operation);
    expect(errors).toMatchObject([{ extensions: { code: "COST_LIMIT_EXCEEDED", requested: 28 } }]);
  }
});

test("graphql-ws subscribes by a hash in `extensions`, and receives", async () => {
  await using server = await startTestApp(trusting);
  const authorization = `Bearer ${await server.token("alice")}`;
  const client = createClient({
    url: `${server.baseUrl.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    retryAttempts: 0,
  });
  const results = client.iterate({ query: "", extensions: persisted(bare(viewerId)) });
  expect((await results.next()).value).toMatchObject({ data: { viewer: { userId: "alice" } } });
  await client.dispose();
});

test("fetch asks by an id alone", async () => {
  await using server = await startTestApp(trusting);
  const answer = await post(server, { body: JSON.stringify({ documentId: viewerId }) });
  expect(await answer.json()).toMatchObject({ data: { viewer: { userId: "alice" } } });
  const refusal = await post(server, {
    body: JSON.stringify({ documentId: "sha256:nothing" }),
    headers: { accept: "application/graphql-response+json" },
  });
  expect(refusal.status).toBe(400);
  expect(await codeOf(refusal)).toBe("DOCUMENT_NOT_FOUND");
});

const manifests: Record<string, readonly [content: string | null, complaint: string]> = {
  "that is not there": [null, "cannot be read (ENOENT)"],
  "that is no JSON": ["query", "it is not JSON"],
  "that is a list": [JSON.stringify([viewerText]), "not one JSON object"],
  "with something else than texts": [JSON.stringify({ a: { b: 1 } }), "not one JSON object"],
  "without documents": ["{}", "it has no documents"],
  "of another schema": [JSON.stringify({ one: viewerText, two: "{ nothing }" }), 'two: Cannot query field "nothing"'],
  "with a fault of syntax": [JSON.stringify({ two: "{ viewer" }), "two: Syntax Error"],
  "beyond the limits": [
    JSON.stringify({ two: `{ ${"__typename ".repeat(11)} }` }),
    "two: An operation of the document has 11 root fields",
  ],
};

test.each(Object.entries(manifests))(
  "with a manifest %s nothing starts, and it is said why",
  async (_name, [content, complaint]) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "manifest.json");
    if (content !== null) await writeFile(file, content);
    const start = startTestApp({ environment: { TRUSTED_DOCUMENTS: file } });
    const error = await start.then(
      () => expect.fail("it started"),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toContain("TRUSTED_DOCUMENTS");
    expect((error as Error).message).toContain(file);
    expect((error as Error).message).toContain(complaint);
  },
);
