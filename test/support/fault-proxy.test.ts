import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { FaultProxy } from "./fault-proxy.ts";

/** A server that says everything back, and the proxy in front of it. */
async function setStage() {
  const received: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    received.push(socket);
    // A reset is for the other side to notice.
    socket.on("error", () => {}).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await FaultProxy.start({ port: (server.address() as AddressInfo).port });
  return {
    proxy,
    received,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      server.close();
      await once(server, "close");
    },
  };
}

async function open({ port }: FaultProxy): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  // Some tests end before they have read it.
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

async function say(socket: Socket, words: string): Promise<string> {
  socket.write(words);
  const [answer] = (await once(socket, "data")) as [Buffer];
  return answer.toString();
}

test("it forwards in both directions, ends included", async () => {
  await using stage = await setStage();
  const socket = await open(stage.proxy);
  expect(await say(socket, "hello")).toBe("hello");
  expect(stage.proxy.connections).toBe(1);
  socket.end("goodbye");
  expect(await text(socket)).toBe("goodbye");
  await expect.poll(() => stage.proxy.connections).toBe(0);
});

test("a large text comes through whole", async () => {
  await using stage = await setStage();
  const socket = await open(stage.proxy);
  const large = "0123456789".repeat(500_000);
  socket.end(large);
  expect((await text(socket)) === large).toBe(true);
});

test("cut: connections are reset on both sides and new ones refused, until it is restored", async () => {
  await using stage = await setStage();
  const socket = await open(stage.proxy);
  await say(socket, "hello");
  const resets = [socket, stage.received[0]!].map((side) => once(side, "error"));
  await stage.proxy.cut();
  for (const [error] of await Promise.all(resets)) expect(error).toMatchObject({ code: "ECONNRESET" });
  expect(stage.proxy.connections).toBe(0);
  await expect(open(stage.proxy)).rejects.toMatchObject({ code: "ECONNREFUSED" });

  await stage.proxy.restore();
  const again = await open(stage.proxy);
  expect(await say(again, "hello again")).toBe("hello again");
});

test("stall: nothing passes, new connections are accepted, and all goes on when it is restored", async () => {
  await using stage = await setStage();
  const old = await open(stage.proxy);
  await say(old, "hello");
  stage.proxy.stall();
  const young = await open(stage.proxy);
  const answers = [say(old, "a"), say(young, "b")];
  await expect.poll(() => stage.proxy.connections).toBe(2);
  expect(stage.received).toHaveLength(1);
  expect(stage.received[0]!.bytesRead).toBe(5);
  // Nor does an answer pass.
  stage.received[0]!.write("c");
  expect(old.bytesRead).toBe(5);

  await stage.proxy.restore();
  expect((await Promise.all(answers)).map((answer) => answer.at(0))).toEqual(["c", "b"]);
});

test("stall: that one side has closed is noticed when it is restored", async () => {
  await using stage = await setStage();
  const socket = await open(stage.proxy);
  await say(socket, "hello");
  stage.proxy.stall();
  stage.received[0]!.resetAndDestroy();
  await once(stage.received[0]!, "close");
  const reset = once(socket, "error");
  expect(socket.readyState).toBe("open");
  await stage.proxy.restore();
  expect((await reset)[0]).toMatchObject({ code: "ECONNRESET" });
});

test("stall: a caller that hangs up is gone, and the server learns of it when it is restored", async () => {
  await using stage = await setStage();
  const socket = await open(stage.proxy);
  await say(socket, "hello");
  stage.proxy.stall();
  socket.resetAndDestroy();
  await expect.poll(() => stage.proxy.connections).toBe(0);
  expect(stage.received[0]!.readyState).toBe("open");
  const reset = once(stage.received[0]!, "error");
  await stage.proxy.restore();
  expect((await reset)[0]).toMatchObject({ code: "ECONNRESET" });
});

test("to restore what is not broken changes nothing", async () => {
  await using stage = await setStage();
  const socket = await open(stage.proxy);
  await say(socket, "hello");
  await stage.proxy.restore();
  socket.end("goodbye");
  expect(await text(socket)).toBe("goodbye");
});

test("a stalled proxy can be cut and disposed of", async () => {
  await using stage = await setStage();
  const socket = await open(stage.proxy);
  await say(socket, "hello");
  stage.proxy.stall();
  const reset = once(socket, "error");
  await stage.proxy.cut();
  expect((await reset)[0]).toMatchObject({ code: "ECONNRESET" });
});

test("a server that is not there resets its callers", async () => {
  const gone = createServer().listen(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, "close");
  await using proxy = await FaultProxy.start({ port });
  const [error] = await once(connect(proxy.port, "127.0.0.1"), "error");
  expect(error).toMatchObject({ code: "ECONNRESET" });
});

test("a URL leads through it", async () => {
  await using proxy = await FaultProxy.start({ port: 5432 });
  expect(proxy.through("postgres://user:pass@db.example.com:5432/name?x=1")).toBe(
    `postgres://user:pass@127.0.0.1:${proxy.port}/name?x=1`,
  );
  expect(proxy.through("http://localhost/v1")).toBe(`http://127.0.0.1:${proxy.port}/v1`);
});
