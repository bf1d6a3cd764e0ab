import { afterAll, beforeAll, expect, test } from "vitest";
import { clientNames, ClientStage } from "./client-stage.ts";

/** Clients wait longer from one attempt to the next. */
const patience = { timeout: 90_000, interval: 100 };

let stage: ClientStage;
beforeAll(async () => {
  stage = await ClientStage.start();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Waits until all clients have the last event; then each has all that followed its first one, in order and once. */
async function expectAllWhole(): Promise<void> {
  const cursors = await stage.cursors();
  const isBehind = (name: string) => !stage.seenBy(name).includes(cursors.at(-1)!);
  await expect.poll(() => clientNames.filter(isBehind), patience).toEqual([]);
  for (const name of clientNames) {
    const seen = stage.seenBy(name);
    expect([name, seen]).toEqual([name, cursors.slice(cursors.indexOf(seen[0]!))]);
  }
}

// The tests are rounds of one story: the clients live through all of it.
test("each client reads the state, connects a credential, and is told of it", async () => {
  for (const name of clientNames) {
    const own = new RegExp(`"cursor":"[\\w-]+","label":"${name}"`);
    await expect.poll(() => stage.output(name), patience).toMatch(own);
    expect(stage.output(name)).toContain('{"authenticate":{"__typename":"AuthenticatePayload"');
  }
  await expectAllWhole();
});

test("what happens while their sockets are cut is not missed, and nothing comes twice", async () => {
  await stage.network.cut();
  await stage.connect("cut 1", "cut 2", "cut 3");
  await stage.network.restore();
  await expectAllWhole();
});

test("what happens after the server was killed and before they are back is not missed, and nothing comes twice", async () => {
  await stage.network.cut();
  await stage.restart("SIGKILL");
  await stage.connect("killed 1", "killed 2", "killed 3");
  await stage.network.restore();
  await expectAllWhole();
});

test("a server that ends in order is no end of a subscription", async () => {
  await stage.restart("SIGTERM");
  await stage.connect("restarted 1", "restarted 2", "restarted 3");
  await expectAllWhole();
});
