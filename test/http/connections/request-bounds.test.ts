import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { eventsSubscription } from "../../client/operations.ts";
import { startTestApp, type TestApp } from "../../support/test-app.ts";
import { codeOf, post, query } from "../http-request.ts";
import { RawConnection } from "../raw-connection.ts";

const body = JSON.stringify({ query });

async function send(server: TestApp, fields: readonly string[], content: string, begin = "POST /graphql HTTP/1.1") {
  const connection = await RawConnection.open(server.baseUrl);
  const token = await server.token("alice");
  const head = [begin, "host: localhost", "content-type: application/json", `authorization: Bearer ${token}`];
  connection.write([...head, ...fields], content);
  return connection;
}

/** What comes back, to the end of the connection. */
async function answer(server: TestApp, fields: readonly string[], content: string, begin?: string): Promise<string> {
  await using connection = await send(server, fields, content, begin);
  return await everything(connection);
}

/** A server that cuts off who still writes is heard until then. */
async function everything({ socket }: RawConnection): Promise<string> {
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const end of ["end", "close"]) socket.once(end, () => resolve());
  await promise;
  return text;
}

const extensionsOf = (text: string) =>
  (JSON.parse(text.slice(text.indexOf('{"errors"'))) as { errors: { extensions: object }[] }).errors[0]?.extensions;

const chunks = (count: number, size = 1) => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`.repeat(count);

test("a body in more pieces than are allowed ends its connection, and the limit is named", async () => {
  await using server = await startTestApp();
  const text = await answer(server, ["transfer-encoding: chunked"], chunks(5_000));
  expect(text).toMatch(/^HTTP\/1.1 413 [\s\S]*connection: close/i);
  expect(extensionsOf(text)).toEqual({ code: "PAYLOAD_TOO_LARGE", limit: 1_024 });
});

test("a stranger's body in too many pieces ends its connection after the answer", async () => {
  await using server = await startTestApp({ connections: { bodyMs: 600_000 } });
  await using connection = await RawConnection.open(server.baseUrl);
  const fields = ["host: localhost", "content-type: application/json", "transfer-encoding: chunked"];
  connection.write(["POST /graphql HTTP/1.1", ...fields], chunks(5_000));
  expect(await everything(connection)).toMatch(/^HTTP\/1.1 401 /);
});

test("a parser that was stopped works for the next connection", async () => {
  await using server = await startTestApp();
  for (let count = 0; count < 5; count++) await answer(server, ["transfer-encoding: chunked"], chunks(5_000));
  const responses = await Promise.all(Array.from({ length: 10 }, () => post(server)));
  expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
});

test("a body in a thousand pieces is read", async () => {
  await using server = await startTestApp();
  const content = Array.from(body.padEnd(1_000), (char) => `1\r\n${char}\r\n`).join("");
  const fields = ["transfer-encoding: chunked", "connection: close"];
  expect(await answer(server, fields, `${content}0\r\n\r\n`)).toMatch(/^HTTP\/1.1 200 /);
});

test("a body that drips is refused after its time, and its connection ends", async () => {
  await using server = await startTestApp({ connections: { bodyMs: 300 } });
  await using connection = await send(server, ["content-length: 1000"], "{");
  const dripping = setInterval(() => connection.socket.write(" "), 50);
  const text = await everything(connection);
  clearInterval(dripping);
  expect(text).toMatch(/^HTTP\/1.1 408 /);
  expect(extensionsOf(text)).toEqual({ code: "REQUEST_TIMEOUT", limit: 0.3 });
});

test("of one user only so many bodies are on their way, and nobody else's are held up", async () => {
  await using server = await startTestApp({ connections: { bodiesPerUser: 2 } });
  const large = ["content-length: 50000"];
  await using first = await send(server, large, "{");
  await using _second = await send(server, ["transfer-encoding: chunked"], "1\r\n{\r\n");
  // The two are known to be on their way once a third is refused.
  await expect
    .poll(async () => {
      await using third = await send(server, large, "{");
      return extensionsOf(await third.next());
    })
    .toEqual({ code: "TOO_MANY_REQUESTS", limit: 2 });
  // Small ones take no place.
  await using small = await send(server, [`content-length: ${body.length}`], body.slice(0, 10));
  small.socket.write(body.slice(10));
  expect(await small.next()).toMatch(/^HTTP\/1.1 200 /);
  const authorization = `Bearer ${await server.token("bob")}`;
  expect((await post(server, { headers: { authorization }, body: body.padEnd(50_000) })).status).toBe(200);
  first.socket.write(body.slice(1).padEnd(49_999));
  expect(await first.next()).toMatch(/^HTTP\/1.1 200 /);
});

test("a compressed body is not unpacked", async () => {
  await using server = await startTestApp();
  for (const encoding of ["gzip", "br", "deflate", "identity"]) {
    const response = await post(server, { headers: { "content-encoding": encoding }, body: gzipSync(body) });
    expect([response.status, await codeOf(response)]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
  }
});

test("a body that belongs nowhere is let pass up to a bound, and then its connection is cut", async () => {
  await using server = await startTestApp();
  const fields = ["transfer-encoding: chunked"];
  expect(await answer(server, fields, chunks(5_000), "POST /health HTTP/1.1")).toMatch(/^(?:HTTP\/1.1 200 |$)/);
  await using small = await send(server, ["content-length: 5"], "hello", "POST /health HTTP/1.1");
  expect(await small.next()).toMatch(/^HTTP\/1.1 200 /);
  small.write(["GET /health HTTP/1.1", "host: localhost"]);
  expect(await small.next()).toMatch(/^HTTP\/1.1 200 /);
});

const manyFields = (count: number) => Array.from({ length: count }, (_, index) => `x${index}: y`);

test.each([
  ["more fields than are allowed", manyFields(101), "GET /health HTTP/1.1"],
  ["far more fields", manyFields(600), "GET /health HTTP/1.1"],
  ["a field that is too long", [`x: ${"y".repeat(20_000)}`], "GET /health HTTP/1.1"],
  ["a cookie that is too long", [`cookie: ${"a=b; ".repeat(5_000)}`], "GET / HTTP/1.1"],
  ["an address that is too long", [], `GET /health?${"q".repeat(20_000)} HTTP/1.1`],
])("a head with %s is refused, and the limit is named", async (_name, fields, begin) => {
  await using server = await startTestApp();
  const text = await answer(server, fields, "", begin);
  expect(text).toMatch(/^HTTP\/1.1 431 /);
  expect(text).toContain("x-content-type-options: nosniff");
  expect(extensionsOf(text)).toEqual({ code: "HEADERS_TOO_LARGE", limit: 16_384, fields: 100 });
});

test("a head with 95 fields, or of 15,000 bytes, is read", async () => {
  await using server = await startTestApp();
  for (const fields of [manyFields(90), [`x: ${"y".repeat(15_000)}`]]) {
    const text = await answer(server, [...fields, "connection: close"], "", "GET /health HTTP/1.1");
    expect(text).toMatch(/^HTTP\/1.1 200 /);
  }
});

test("what is no HTTP is refused as every other request is", async () => {
  await using server = await startTestApp();
  const text = await answer(server, [], "", "HELLO");
  expect(text).toMatch(/^HTTP\/1.1 400 /);
  expect(extensionsOf(text)).toEqual({ code: "BAD_REQUEST" });
});

test("of the requests that a connection sends at once eight are answered, one is refused, and no more is looked at", async () => {
  await using server = await startTestApp();
  const request = ["GET /health HTTP/1.1", "host: localhost", "", ""].join("\r\n");
  const text = await answer(server, [], request.repeat(1_000), "GET /health HTTP/1.1");
  const statuses = [...text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status);
  expect(statuses).toEqual([...Array.from({ length: 8 }, () => "200"), "429"]);
  expect(text).toContain('"limit":8');
  expect((await post(server)).status).toBe(200);
});

test("requests one after the other on one connection have no limit", async () => {
  await using server = await startTestApp();
  await using connection = await RawConnection.open(server.baseUrl);
  for (let count = 0; count < 30; count++) {
    connection.write(["GET /health HTTP/1.1", "host: localhost"]);
    expect(await connection.next()).toMatch(/^HTTP\/1.1 200 /);
  }
});

test("behind an event stream, requests do not pile up", async () => {
  await using server = await startTestApp();
  const content = JSON.stringify({ query: eventsSubscription.toString() });
  const fields = ["accept: text/event-stream", `content-length: ${content.length}`];
  const request = ["GET /health HTTP/1.1", "host: localhost", "", ""].join("\r\n");
  await using connection = await send(server, fields, content + request.repeat(1_000));
  expect(await connection.next()).toMatch(/^HTTP\/1.1 200 [\s\S]*x-accel-buffering: no/i);
  expect((await post(server)).status).toBe(200);
});

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const named = (count: number) => `{${Array.from({ length: count }, (_, index) => `"${index}":1`).join(",")}}`;

test.each([
  ["33 levels", nested(31), 32],
  ["100,000 levels", nested(49_000), 32],
  ["2,001 values", named(2_001), 2_000],
])("JSON of %s is refused over HTTP and SSE before anything is made of it", async (_name, json, limit) => {
  await using server = await startTestApp();
  const content = `{"query":${JSON.stringify(query)},"variables":{"v":${json}}}`;
  for (const accept of ["application/json", "text/event-stream"]) {
    const response = await post(server, { headers: { accept }, body: content });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "JSON_LIMIT_EXCEEDED", limit } }] });
  }
});

test("and in the address of a GET", async () => {
  await using server = await startTestApp({ environment: { GET_QUERIES: "true" } });
  const authorization = `Bearer ${await server.token("alice")}`;
  const search = new URLSearchParams({ query, variables: `{"v":${nested(40)}}` });
  const response = await fetch(`${server.baseUrl}/graphql?${search}`, { headers: { authorization } });
  expect([response.status, await codeOf(response)]).toEqual([400, "JSON_LIMIT_EXCEEDED"]);
});

test("30 levels and 1,900 values are let through", async () => {
  await using server = await startTestApp();
  for (const json of [nested(29), named(1_900)]) {
    expect((await post(server, { body: `{"query":${JSON.stringify(query)},"variables":{"v":${json}}}` })).status).toBe(
      200,
    );
  }
});
