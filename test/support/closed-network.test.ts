import { lookup } from "node:dns";
import { lookup as lookupPromise } from "node:dns/promises";
import { once } from "node:events";
import { request } from "node:http";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import pg from "pg";
import { fetch as undiciFetch } from "undici";
import { describe, expect, test } from "vitest";

// RFC 5737 and RFC 3849: addresses for documentation, which lead nowhere should a check fail.
const outside = "192.0.2.1";
const outsideIpv6 = "2001:db8::1";
const closed = (host: string) => ({
  code: "ERR_NETWORK_CLOSED",
  message: `The network is closed in tests: ${host} is not a loopback address.`,
});

async function failure(socket: Socket): Promise<unknown> {
  const [error] = await once(socket, "error");
  return error;
}

describe("a call to the outside fails and names the host", () => {
  test.each([
    ["port and host", () => connect(443, outside), outside],
    ["a port written as text", () => connect("443" as unknown as number, outside), outside],
    ["options", () => connect({ port: 443, host: outside }), outside],
    ["IPv6", () => connect({ port: 443, host: outsideIpv6 }), outsideIpv6],
    ["a name, which is not looked up", () => connect({ port: 443, host: "example.invalid" }), "example.invalid"],
    ["TLS", () => connectTls({ port: 443, host: outside, servername: "example.invalid" }), outside],
  ])("socket: %s", async (_form, open, host) => {
    expect(await failure(open())).toMatchObject(closed(host));
  });

  test("node:http", async () => {
    const [error] = await once(request({ host: outside }), "error");
    expect(error).toMatchObject(closed(outside));
  });

  test.each([
    ["the built-in fetch", fetch],
    ["undici's fetch", undiciFetch],
  ])("%s", async (_name, call) => {
    await expect(call(`https://${outside}/`)).rejects.toMatchObject({ cause: closed(outside) });
  });

  test("the PostgreSQL driver", async () => {
    await expect(new pg.Client({ host: outside }).connect()).rejects.toMatchObject(closed(outside));
  });

  test("a look-up of a name", async () => {
    const error = await new Promise((resolve) => {
      lookup("example.invalid", resolve);
    });
    expect(error).toMatchObject(closed("example.invalid"));
    await expect(lookupPromise("example.invalid")).rejects.toMatchObject(closed("example.invalid"));
  });
});

describe("this machine stays reachable", () => {
  test.each(["127.0.0.1", "localhost"])("%s", async (host) => {
    await using server = createServer((socket) => socket.end("here")).listen(0, host);
    await once(server, "listening");
    expect(await text(connect((server.address() as AddressInfo).port, host))).toBe("here");
  });

  test("a unix socket", async () => {
    const path = join(tmpdir(), `maestro-auth-test-${process.pid}.sock`);
    await using server = createServer((socket) => socket.end("here")).listen(path);
    await once(server, "listening");
    expect(await text(connect(path))).toBe("here");
  });
});
