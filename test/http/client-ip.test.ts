import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { clientIp } from "../../src/http/client-ip.ts";
import { networkOf } from "../../src/rate-limits/client-network.ts";
import { operation } from "../rate-limits/limited-operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { RawConnection } from "./raw-connection.ts";
import { ProtocolSocket } from "./websocket/protocol-socket.ts";

function request(remoteAddress: string | undefined, ...forwarded: string[]): IncomingMessage {
  const headersDistinct = forwarded.length === 0 ? {} : { "x-forwarded-for": forwarded };
  return { socket: { remoteAddress }, headersDistinct } as unknown as IncomingMessage;
}

test.each([
  ["10.0.0.1", "10.0.0.1"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["::FFFF:0a00:1", "10.0.0.1"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1"],
  [undefined, null],
])("the address of a socket, %s, is written as %s", (remoteAddress, ip) => {
  expect(clientIp(request(remoteAddress), 0)).toBe(ip);
});

test("without a trusted proxy nothing that a client says of its address is believed", () => {
  expect(clientIp(request("10.0.0.1", "203.0.113.7"), 0)).toBe("10.0.0.1");
});

test.each([
  [1, ["203.0.113.7"], "203.0.113.7"],
  [1, ["6.6.6.6, 203.0.113.7"], "203.0.113.7"],
  [1, ["6.6.6.6", "203.0.113.7"], "203.0.113.7"],
  [2, ["6.6.6.6, 203.0.113.7, 10.1.1.1"], "203.0.113.7"],
  [2, ["6.6.6.6", "203.0.113.7 ,10.1.1.1 "], "203.0.113.7"],
  [1, ["203.0.113.7:51234"], "203.0.113.7"],
  [1, ["[2001:db8::7]:51234"], "2001:db8::7"],
  [1, ["[2001:db8::7]"], "2001:db8::7"],
  [1, ["::ffff:203.0.113.7"], "203.0.113.7"],
])("behind %i trusted proxies, of %j the address is %s", (hops, forwarded, ip) => {
  expect(clientIp(request("10.0.0.1", ...forwarded), hops)).toBe(ip);
});

test.each([
  [1, []],
  [1, [""]],
  [1, ["6.6.6.6,"]],
  [1, ["6.6.6.6, unknown"]],
  [1, ["6.6.6.6, _hidden"]],
  [1, ["6.6.6.6, 203.0.113.7x"]],
  [1, ["6.6.6.6, 203.0.113.999"]],
  [1, ["6.6.6.6, 203.0.113.7:port"]],
  [1, ["6.6.6.6, ::ffff:203.0.113.7:80:90:1:2:3:4"]],
  [1, ["6.6.6.6, 127.1"]],
  [1, ["6.6.6.6, 0xcb.0.113.7"]],
  [2, ["6.6.6.6"]],
  [3, ["6.6.6.6", "203.0.113.7"]],
])("behind %i trusted proxies, %j says nothing, and the socket's address counts", (hops, forwarded) => {
  expect(clientIp(request("10.0.0.1", ...forwarded), hops)).toBe("10.0.0.1");
});

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:0db8:0000:0000:ffff::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["64:ff9b::203.0.113.7", "64:ff9b:0:0::/64"],
  ["1:2:3::203.0.113.7", "1:2:3:0::/64"],
])("%s counts as %s", (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});

const input = { provider: "anthropic", credential: { apiKey: "sk-ant-api03-of-nobody" } };
const forwardedFor = "6.6.6.6, 203.0.113.7, 10.1.1.1";

async function startServer(hops: string) {
  const provider = await startMockProvider("anthropic");
  const database = await createTestDatabase();
  const environment = { ANTHROPIC_API_BASE_URL: provider.baseUrl, TRUSTED_PROXY_HOPS: hops };
  const server = await startTestApp({
    database,
    environment,
    rateLimits: {
      "authentication-ip": { points: 6, seconds: 600 },
      "unknown-callback-ip": { points: 1, seconds: 600 },
    },
  });
  return {
    ...server,
    /** The addresses on record. */
    audited: async () =>
      (await database.em().execute<{ ip: string }[]>("select ip from audit_log order by id")).map(({ ip }) => ip),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

type Server = Awaited<ReturnType<typeof startServer>>;

const transports: Record<string, (server: Server, user: string) => Promise<string>> = {
  HTTP: async (server, user) => {
    const client = await server.client(user);
    const body = { query: operation("authenticate"), variables: { input } };
    return (await client.post(body, { "x-forwarded-for": forwardedFor })).text();
  },
  SSE: async (server, user) => {
    const client = await server.client(user);
    const body = { query: operation("authenticate"), variables: { input } };
    return (await client.post(body, { "x-forwarded-for": forwardedFor, accept: "text/event-stream" })).text();
  },
  WebSocket: async (server, user) => {
    const headers = { "x-forwarded-for": forwardedFor };
    await using socket = await ProtocolSocket.open(server.baseUrl, { headers });
    socket.send({ type: "connection_init", payload: { authorization: `Bearer ${await server.token(user)}` } });
    await socket.next();
    socket.subscribe("1", operation("authenticate"), { input });
    return JSON.stringify(await socket.until(({ type }) => type === "complete"));
  },
};

test.each(Object.entries(transports))(
  "over %s the configured hop's address is on record and counts",
  async (_name, send) => {
    await using server = await startServer("2");
    expect(await send(server, "alice")).toContain("INVALID_CREDENTIAL");
    expect(await send(server, "bob")).toContain("from this address");
    expect(await server.audited()).toEqual(["203.0.113.7", "203.0.113.7"]);
  },
);

test.each(Object.entries(transports))(
  "over %s no header changes the address of a client without a proxy",
  async (_name, send) => {
    await using server = await startServer("0");
    expect(await send(server, "alice")).toContain("INVALID_CREDENTIAL");
    expect(await server.audited()).toEqual(["127.0.0.1"]);
  },
);

const forwardings: readonly Record<string, string>[] = [
  { "x-forwarded-for": "203.0.113.7 canary-of-a-header" },
  { forwarded: 'for="_canary-of-a-header"' },
];

test.each(forwardings)(
  "a proxy that no setting tells of is warned of once, without what it says: %j",
  async (headers) => {
    await using server = await startServer("0");
    const warnings = () => server.logs.filter((line) => line.includes("TRUSTED_PROXY_HOPS"));
    const visit = (more: Record<string, string>) =>
      fetch(`${server.baseUrl}/auth/anthropic/callback?code=c&state=of-no-flow`, { headers: more });
    const operate = async () =>
      (await server.client("alice")).post({ query: operation("authenticate"), variables: { input } }, headers);
    await visit({});
    await using plain = await ProtocolSocket.open(server.baseUrl);
    expect(warnings()).toEqual([]);
    await using socket = await ProtocolSocket.open(server.baseUrl, { headers });
    await visit(headers);
    await operate();
    const [header] = Object.keys(headers);
    expect(warnings().map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ level: "warn", header: expect.stringMatching(new RegExp(`^${header}$`, "i")) }),
    ]);
    expect(server.logs.join("")).not.toContain("canary-of-a-header");
    expect([plain, socket]).toHaveLength(2);
  },
);

test.each(Object.entries(transports))("over %s a proxy is noticed", async (_name, send) => {
  await using server = await startServer("0");
  await send(server, "alice");
  expect(server.logs.filter((line) => line.includes("TRUSTED_PROXY_HOPS"))).toHaveLength(1);
});

test("a configured proxy is nothing to warn of", async () => {
  await using server = await startServer("2");
  await transports["HTTP"]!(server, "alice");
  expect(server.logs.join("")).not.toContain("TRUSTED_PROXY_HOPS");
});

test("a callback whose state is of no flow counts for its address, and is told to wait then", async () => {
  await using server = await startServer("1");
  const visit = async (address: string) => {
    const headers = { "x-forwarded-for": `6.6.6.6, ${address}` };
    return fetch(`${server.baseUrl}/auth/anthropic/callback?code=c&state=of-no-flow`, { headers });
  };
  expect((await visit("203.0.113.7")).status).toBe(400);
  const limited = await visit("203.0.113.7");
  expect(limited.status).toBe(429);
  expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(limited.headers.get("ratelimit-policy")).toBe('"unknown-callback-ip";q=1;w=600');
  expect(await limited.text()).toContain("<title>Too many attempts</title>");
  expect((await visit("203.0.113.8")).status).toBe(400);
  expect((await visit("2001:db8::1")).status).toBe(400);
  expect((await visit("2001:db8::2")).status).toBe(429);
});

test("two headers are read as one list", async () => {
  await using server = await startServer("2");
  await using connection = await RawConnection.open(server.baseUrl);
  const body = JSON.stringify({ query: operation("authenticate"), variables: { input } });
  connection.write(
    [
      "POST /graphql HTTP/1.1",
      "host: localhost",
      "connection: close",
      "content-type: application/json",
      `content-length: ${body.length}`,
      `authorization: Bearer ${await server.token("alice")}`,
      "x-forwarded-for: 6.6.6.6, 203.0.113.7",
      "x-forwarded-for: 10.1.1.1",
    ],
    body,
  );
  expect(await connection.received()).toMatch(/^HTTP\/1.1 200 /);
  expect(await server.audited()).toEqual(["203.0.113.7"]);
});
