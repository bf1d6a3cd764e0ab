import { expect, test } from "vitest";
import { runFor, shareConnections } from "../../src/lib/connection-share.ts";

interface Client {
  readonly release: () => void;
}

type Callback = (error: Error | undefined, client: Client) => void;

/** A pool with so many clients, each of which is given out again once it is released. */
function poolOf(size: number) {
  let free = size;
  const waiting: (() => void)[] = [];
  const take = (): Promise<{ release: () => void }> =>
    new Promise((resolve) => {
      const give = () => {
        free -= 1;
        resolve({
          release: () => {
            free += 1;
            waiting.shift()?.();
          },
        });
      };
      if (free > 0) give();
      else waiting.push(give);
    });
  return {
    get free() {
      return free;
    },
    connect: (): Promise<Client> => take(),
  };
}

function shared(size: number, limit: number) {
  const pool = poolOf(size);
  shareConnections(pool, limit);
  const connect = () => pool.connect();
  return { pool, connect, connectFor: (user: string) => runFor(user, connect) };
}

test("one user holds a share, another gets the rest at once, and what waits comes in its turn", async () => {
  const { pool, connectFor } = shared(10, 5);
  const order: number[] = [];
  const asked = Array.from({ length: 12 }, async (_, index) => {
    const client = await connectFor("alice");
    order.push(index);
    return client;
  });
  const held = await Promise.all(asked.slice(0, 5));
  expect(pool.free).toBe(5);
  for (const client of await Promise.all(Array.from({ length: 5 }, () => connectFor("bob")))) client.release();
  for (const client of held) client.release();
  const next = await Promise.all(asked.slice(5, 10));
  for (const client of next) client.release();
  for (const client of await Promise.all(asked.slice(10))) client.release();
  expect(order).toEqual(Array.from({ length: 12 }, (_, index) => index));
  expect(pool.free).toBe(10);
});

test("work that is nobody's has the whole pool", async () => {
  const { pool, connect } = shared(4, 1);
  const clients = await Promise.all(Array.from({ length: 4 }, connect));
  expect(pool.free).toBe(0);
  for (const client of clients) client.release();
});

test("callbacks count as promises do, whichever way they release", async () => {
  const { pool, connectFor } = shared(4, 1);
  const connectBack = pool.connect as unknown as (done: Callback) => void;
  const asked = () =>
    new Promise<Client>((resolve) => {
      runFor("alice", () => connectBack((_error, client) => resolve(client)));
    });
  const first = await asked();
  const second = asked();
  expect(pool.free).toBe(3);
  first.release();
  (await second).release();
  (await connectFor("alice")).release();
  expect(pool.free).toBe(4);
});

test("a connection that cannot be made gives its place back", async () => {
  let isBroken = true;
  const pool = {
    connect: (): Promise<Client> =>
      isBroken ? Promise.reject(new Error("away")) : Promise.resolve({ release: () => {} }),
  };
  shareConnections(pool, 1);
  await expect(runFor("alice", () => pool.connect())).rejects.toThrow("away");
  isBroken = false;
  await expect(runFor("alice", () => pool.connect())).resolves.toBeDefined();
});
