import { expect, test } from "vitest";
import { authenticateMutation } from "../../client/operations.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
import { startTestApp } from "../../support/test-app.ts";
import { codeOf, post, query } from "../http-request.ts";
import { RawConnection } from "../raw-connection.ts";

const bigBody = JSON.stringify({ query, variables: { padding: "x".repeat(100_000) } });

test("a body of exactly 100 kB is read", async () => {
  await using server = await startTestApp();
  const body = JSON.stringify({ query }).padEnd(100_000);
  expect((await post(server, { body })).status).toBe(200);
});

const bigBodies: Record<string, () => RequestInit> = {
  "that says how long it is": () => ({ body: bigBody }),
  "that comes in chunks": () => ({ body: new Blob([bigBody]).stream(), duplex: "half" }),
  "that is a hundred times too long": () => ({ body: new Blob([bigBody.repeat(100)]).stream(), duplex: "half" }),
};

test.each(Object.entries(bigBodies))("a body of more than 100 kB %s is 413", async (_name, init) => {
  await using server = await startTestApp();
  const response = await post(server, init() as object);
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({
    errors: [{ message: expect.stringContaining("100000 bytes"), extensions: { code: "PAYLOAD_TOO_LARGE" } }],
  });
});

const x = (count: number) => "x".repeat(count);
const slowBodies = [
  ["content-length: 200000", x(120_000), x(80_000)],
  ["transfer-encoding: chunked", `${(120_000).toString(16)}\r\n${x(120_000)}\r\n`, "0\r\n\r\n"],
] as const;

test.each(slowBodies)(
  "who still sends (%s) is told that it is too much, and may go on",
  async (framing, begin, end) => {
    await using server = await startTestApp();
    await using connection = await RawConnection.open(server.baseUrl);
    const authorization = `authorization: Bearer ${await server.token("alice")}`;
    const head = [
      "POST /graphql HTTP/1.1",
      "host: localhost",
      "content-type: application/json",
      authorization,
      framing,
    ];
    connection.write(head, begin);
    expect(await connection.next()).toMatch(/^HTTP\/1.1 413 /);
    connection.socket.write(end);
    connection.write(["GET /health HTTP/1.1", "host: localhost"]);
    expect(await connection.next()).toMatch(/^HTTP\/1.1 200 /);
  },
);

const mediaTypes = {
  "a form": ["application/x-www-form-urlencoded", `query=${encodeURIComponent(query)}`],
  "a multipart form": [
    "multipart/form-data; boundary=x",
    `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query })}\r\n--x--\r\n`,
  ],
  "plain text": ["text/plain", JSON.stringify({ query })],
  "GraphQL as such": ["application/graphql", query],
  "the type of answers": ["application/graphql-response+json", JSON.stringify({ query })],
  "another charset": ["application/json; charset=utf-16", JSON.stringify({ query })],
  "a type that only begins like JSON": ["application/json-seq", JSON.stringify({ query })],
  "an empty type": ["", JSON.stringify({ query })],
} as const;

test.each(Object.entries(mediaTypes))("%s is 415", async (_name, [contentType, body]) => {
  await using server = await startTestApp();
  const response = await post(server, { headers: { "content-type": contentType }, body });
  expect(response.status).toBe(415);
  expect(await codeOf(response)).toBe("UNSUPPORTED_MEDIA_TYPE");
});

test("a body without a type is 415", async () => {
  await using server = await startTestApp();
  const response = await post(server, {
    headers: { "content-type": null },
    body: Buffer.from(JSON.stringify({ query })),
  });
  expect(response.status).toBe(415);
});

test.each(["application/json;charset=UTF-8", 'Application/JSON ; Charset="utf-8"', "application/json; x=y"])(
  "%s is JSON",
  async (contentType) => {
    await using server = await startTestApp();
    expect((await post(server, { headers: { "content-type": contentType } })).status).toBe(200);
  },
);

test.each(["GET", "PUT", "PATCH", "DELETE"])("%s is 405 and told what is allowed", async (method) => {
  await using server = await startTestApp();
  const response = await post(server, { method, ...(method === "GET" ? { body: null } : {}) });
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("POST");
  expect(await codeOf(response)).toBe("METHOD_NOT_ALLOWED");
});

test("HEAD is 405 and has no body", async () => {
  await using server = await startTestApp();
  const response = await fetch(`${server.baseUrl}/graphql`, { method: "HEAD" });
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("POST");
  expect(await response.text()).toBe("");
});

test("OPTIONS without an origin is answered, and allows no page anything", async () => {
  await using server = await startTestApp();
  const response = await fetch(`${server.baseUrl}/graphql`, { method: "OPTIONS" });
  expect(response.status).toBe(204);
  expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
});

/**
 * What a form, an image or a script of another page can send without asking first (Fetch standard, "CORS-safelisted").
 */
test.each([
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "text/plain",
  "text/plain;application/json",
])("a page of another origin cannot send a mutation as %s", async (contentType) => {
  await using server = await startTestApp();
  const body = JSON.stringify({ query: "mutation { startSession(input: {}) { __typename } }" });
  const response = await post(server, {
    body,
    headers: { "content-type": contentType, origin: "https://evil.example" },
  });
  expect(response.status).toBe(415);
  const client = await server.client("alice");
  const sessions = await client.post({ query: "{ viewer { sessions { nodes { id } } } }" });
  expect(await sessions.json()).toEqual({ data: { viewer: { sessions: { nodes: [] } } } });
});

test("where GET is switched on it answers queries, and mutations with 405", async () => {
  await using server = await startTestApp({ environment: { GET_QUERIES: "true" } });
  const authorization = `Bearer ${await server.token("alice")}`;
  const get = (operation: string) =>
    fetch(`${server.baseUrl}/graphql?${new URLSearchParams({ query: operation }).toString()}`, {
      headers: { authorization },
    });
  expect(await (await get(query)).json()).toMatchObject({ data: { viewer: { userId: "alice" } } });
  const response = await get('mutation { revokeCredential(input: { credentialId: "1" }) { __typename } }');
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("POST");
});

const badBodies = {
  "no JSON": "{ not json",
  nothing: "",
  null: "null",
  "a text": JSON.stringify("secret-text"),
  "a batch": JSON.stringify([{ query }]),
  "an empty object": "{}",
  "an empty list": "[]",
  "no query": JSON.stringify({ variables: { secret: 1 } }),
  "a query that is no text": JSON.stringify({ query: { secret: 1 } }),
  "variables that are no object": JSON.stringify({ query, variables: "secret" }),
  "an unknown parameter": JSON.stringify({ query, secret: 1 }),
};

test.each(Object.entries(badBodies))("a body with %s is 400, and is not repeated", async (_name, body) => {
  await using server = await startTestApp();
  for (const accept of ["application/json", "application/graphql-response+json"]) {
    const response = await post(server, { body, headers: { accept } });
    expect(response.status).toBe(400);
    const answer = await response.text();
    expect(JSON.parse(answer)).toMatchObject({ errors: [{ extensions: { code: "BAD_REQUEST" } }] });
    expect(answer).not.toContain("secret");
    expect(answer).not.toContain("not json");
  }
  expect(server.logs).toEqual([]);
});

test("a body that is not UTF-8 is 400", async () => {
  await using server = await startTestApp();
  const body = Buffer.concat([Buffer.from('{"query":"{ __typename #'), Buffer.of(0xff), Buffer.from(' }"}')]);
  const response = await post(server, { body });
  expect(response.status).toBe(400);
  expect(await codeOf(response)).toBe("BAD_REQUEST");
});

test.each(["text/html", "image/png", "application/json;charset=latin1"])(
  "a client that accepts only %s is 406, and nothing is executed",
  async (accept) => {
    await using provider = await startMockProvider("anthropic");
    await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
    const variables = { input: { provider: "anthropic", credential: { apiKey: provider.key } } };
    const body = JSON.stringify({ query: authenticateMutation.toString(), variables });
    const response = await post(server, { body, headers: { accept } });
    expect(response.status).toBe(406);
    expect(await codeOf(response)).toBe("NOT_ACCEPTABLE");
    expect(provider.requests).toEqual([]);
  },
);

test("an operation that cannot be told from others is 400, and no fault of the server", async () => {
  await using server = await startTestApp();
  const two = "query A { __typename } query B { __typename }";
  for (const body of [
    { query: two },
    { query: two, operationName: "C" },
    { query: "fragment F on Query { __typename }" },
  ]) {
    const response = await post(server, { body: JSON.stringify(body) });
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("OPERATION_RESOLUTION_FAILURE");
  }
  expect(server.logs).toEqual([]);
});

test.each(["[", "a b", "x:99999999"])("a host that makes no URL (%s) changes nothing", async (host) => {
  await using server = await startTestApp();
  await using connection = await RawConnection.open(server.baseUrl);
  const body = JSON.stringify({ query });
  connection.write(
    [
      "POST /graphql HTTP/1.1",
      `host: ${host}`,
      "connection: close",
      "content-type: application/json",
      `content-length: ${body.length}`,
      `authorization: Bearer ${await server.token("alice")}`,
    ],
    body,
  );
  const answer = await connection.received();
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect(answer).not.toContain("node_modules");
});

test("an offer to upgrade to HTTP/2 is not taken, and the request is answered", async () => {
  await using server = await startTestApp();
  await using connection = await RawConnection.open(server.baseUrl);
  const body = JSON.stringify({ query });
  connection.write(
    [
      "POST /graphql HTTP/1.1",
      "host: localhost",
      "connection: Upgrade, HTTP2-Settings",
      "upgrade: h2c",
      "http2-settings: AAMAAABkAAQAAP__",
      "content-type: application/json",
      `content-length: ${body.length}`,
      `authorization: Bearer ${await server.token("alice")}`,
    ],
    body,
  );
  expect(await connection.next()).toMatch(/^HTTP\/1.1 200 .*"userId":"alice"/s);
});
