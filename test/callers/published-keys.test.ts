import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import { expect, test } from "vitest";
import { PublishedKeys } from "../../src/callers/published-keys.ts";
import { StillClock } from "../sessions/session-stage.ts";

/** An identity provider's key set, which answers with what it is told to. */
async function startKeys() {
  const keys = await Promise.all(
    ["a", "b"].map(async (kid) => ({ ...(await exportJWK((await generateKeyPair("ES256")).publicKey)), kid })),
  );
  const state = { status: 200, published: keys.slice(0, 1), asked: 0 };
  const server = createServer((_request, response) => {
    state.asked += 1;
    response.writeHead(state.status, { "content-type": "application/json" });
    response.end(JSON.stringify({ keys: state.published }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const clock = new StillClock();
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`);
  const published = new PublishedKeys(url, clock);
  return {
    state,
    clock,
    keys,
    published,
    size: async () => (await published.thumbprints())?.size ?? null,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

test("where no key could be read yet the next caller asks again at once", async () => {
  await using stage = await startKeys();
  stage.state.status = 503;
  expect(await stage.size()).toBeNull();
  expect(stage.published.askedAt).toBe(-Infinity);
  stage.state.status = 200;
  expect(await stage.size()).toBe(1);
  expect(stage.published.askedAt).toBe(stage.clock.now().getTime());
});

test("keys are read anew after thirty seconds and not before; while that fails the last ones do", async () => {
  await using stage = await startKeys();
  expect(await stage.size()).toBe(1);
  stage.state.published = stage.keys;
  stage.clock.advance(29.9);
  expect([await stage.size(), stage.state.asked]).toEqual([1, 1]);
  stage.clock.advance(0.1);
  expect([await stage.size(), stage.state.asked]).toEqual([2, 2]);
  stage.state.status = 500;
  stage.clock.advance(30);
  expect([await stage.size(), stage.state.asked]).toEqual([2, 3]);
  // It is not asked by every caller while it is away.
  expect([await stage.size(), stage.state.asked]).toEqual([2, 3]);
});
