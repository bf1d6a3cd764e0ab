import { randomBytes } from "node:crypto";
import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { DevicePoller } from "../../../src/auth/device-poller.ts";
import { OAuthFlowStore } from "../../../src/auth/oauth-flow-store.ts";
import type { OAuthFlows } from "../../../src/auth/oauth-flows.ts";
import { systemClock } from "../../../src/clock.ts";
import { environmentKeyWrapper } from "../../../src/credentials/sealing/key-wrapper.ts";
import { loadKeyring } from "../../../src/credentials/sealing/keyring.ts";
import { Secret } from "../../../src/credentials/secret.ts";
import type { DeviceFlowAnswer, ProviderAuth } from "../../../src/providers/provider-auth.ts";
import { ProviderRegistry } from "../../../src/providers/registry.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { patience } from "../../support/patience.ts";

const wrapper = environmentKeyWrapper([{ id: "1", bytes: new Secret(randomBytes(32).toString("hex")) }]);

async function setStage(answer: DeviceFlowAnswer, { lifetimeMs = 600_000, pollers: count = 3 } = {}) {
  const database = await createTestDatabase();
  const store = new OAuthFlowStore(database, await loadKeyring(database, wrapper, systemClock), systemClock);
  await store.create({
    userId: "alice",
    provider: "some",
    kind: "device",
    redirectUri: null,
    scopes: [],
    label: "default",
    userCode: "ABCD",
    verificationUri: "https://as.example/device",
    pollInterval: 7,
    sessionId: null,
    expiresAt: new Date(Date.now() + lifetimeMs),
    state: "state",
    binding: null,
    secrets: { codeVerifier: new Secret("verifier"), nonce: "nonce", deviceCode: new Secret("device") },
  });
  await database.em().execute("update oauth_flows set next_poll_at = now()");
  const poll = vi.fn(() => Promise.resolve(answer));
  const provider = { name: "some", pollDeviceFlow: poll } as unknown as ProviderAuth;
  const registry = new ProviderRegistry([provider], () => provider);
  const create = () => new DevicePoller({ registry, store, flows: {} as OAuthFlows, log: pino({ level: "silent" }) });
  const pollers = Array.from({ length: count }, create);
  const read = async () => {
    const [row] = await database
      .em()
      .execute<{ interval: number; wait: number; status: string }[]>(
        `select poll_interval as interval, status, extract(epoch from next_poll_at - now())::float8 as wait from oauth_flows`,
      );
    return row!;
  };
  const stop = () => Promise.all(pollers.map((poller) => poller[Symbol.asyncDispose]()));
  return { poll, read, store, [Symbol.asyncDispose]: async () => void (await stop()) };
}

test("of several processes one polls, and the next poll waits for the provider's interval", async () => {
  await using stage = await setStage({ status: "pending", slowDown: false });
  const settled = async () => {
    const { wait } = await stage.read();
    expect(wait > 5 && wait <= 7).toBe(true);
  };
  await vi.waitFor(settled, patience);
  expect(await stage.read()).toMatchObject({ interval: 7, status: "pending" });
  expect(stage.poll).toHaveBeenCalledTimes(1);
});

test("slow_down lengthens the interval by five seconds for good (RFC 8628, section 3.5)", async () => {
  await using stage = await setStage({ status: "pending", slowDown: true });
  await vi.waitFor(async () => expect((await stage.read()).interval).toBe(12), patience);
  expect((await stage.read()).wait).toBeGreaterThan(9);
  expect(stage.poll).toHaveBeenCalledTimes(1);
});

test("a flow whose time is over is not claimed any more", async () => {
  await using stage = await setStage({ status: "pending", slowDown: false }, { lifetimeMs: -1, pollers: 0 });
  expect(await stage.store.claimDue(10, 30)).toEqual([]);
});

test("a flow that one process has claimed is not claimed by another while the lease lasts", async () => {
  await using stage = await setStage({ status: "pending", slowDown: false }, { pollers: 0 });
  const claims = await Promise.all([1, 2, 3].map(() => stage.store.claimDue(10, 30)));
  expect(claims.flat()).toHaveLength(1);
});
