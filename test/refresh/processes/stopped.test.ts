import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { ServerProcess } from "../../support/server-process.ts";
import { StrictProvider } from "../../support/strict-provider.ts";
import type { DeathPoint } from "./child.ts";
import { RefreshStage } from "./refresh-stage.ts";

const timeout = 60_000;

/** Keeps the next answers of a provider back. */
function hold(provider: StrictProvider) {
  const { promise: held, resolve: reached } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  provider.afterRotation = () => {
    reached();
    return released;
  };
  return { held, release };
}

async function expectRenewed(stage: RefreshStage, provider: StrictProvider): Promise<void> {
  expect(await stage.rows()).toMatchObject([{ status: "active", tokenVersion: 2, leaseUntil: null, sentAt: null }]);
  expect(await stage.silentlyWrong()).toEqual([]);
  expect(provider).toMatchObject({ refreshes: 1, reuses: 0 });
}

test.concurrent("a server that is told to end stores the answer that it waits for", async ({ skip, expect }) => {
  await using provider = await StrictProvider.start();
  await using stage = await RefreshStage.set({ provider, name: "anthropic", credentials: 1 });
  if (stage === null) skip("the embedded database has one process");
  const DATA_DIR = join(stage!.environment["DATA_DIR"]!, "server");
  await using server = await ServerProcess.start({ ...stage!.environment, DATA_DIR });
  const { held, release } = hold(provider);
  await stage!.makeDue();
  await held;
  const ended = server.stop("SIGTERM");
  await vi.waitFor(() => expect(server.output).toContain("closing"), { timeout });
  expect(await stage!.rows()).toMatchObject([{ tokenVersion: 1 }]);
  release();
  expect(await ended).toBe(0);
  await expectRenewed(stage!, provider);
});

test.concurrent("refreshing that is told to end stores the answer that it waits for", async ({ skip }) => {
  await using provider = await StrictProvider.start();
  await using stage = await RefreshStage.set({ provider, credentials: 1 });
  if (stage === null) skip("the embedded database has one process");
  await using child = await stage!.start();
  const { held, release } = hold(provider);
  await stage!.makeDue();
  await held;
  const ended = child.stop();
  release();
  await ended;
  await expectRenewed(stage!, provider);
});

interface Takeover {
  readonly at: DeathPoint;
  readonly graceSeconds: number;
  /** What the process that takes over makes of the row. */
  readonly becomes: { readonly status: string; readonly tokenVersion: number };
}

const renewed = { status: "active", tokenVersion: 2 };
const lost = { status: "needs_reauth", tokenVersion: 1 };
const takeovers: readonly Takeover[] = [
  { at: "claimed", graceSeconds: 0, becomes: renewed },
  { at: "received", graceSeconds: 600, becomes: renewed },
  { at: "received", graceSeconds: 0, becomes: lost },
  // On the disk of the dead process, which nobody reads before it starts again.
  { at: "spooled", graceSeconds: 600, becomes: renewed },
  { at: "spooled", graceSeconds: 0, becomes: lost },
  { at: "stored", graceSeconds: 0, becomes: renewed },
];

test.concurrent.for(takeovers)(
  `what a process killed at "$at" leaves, with a grace of $graceSeconds s, another takes over after the lease`,
  async ({ at, graceSeconds, becomes }, { skip, expect }) => {
    await using provider = await StrictProvider.start({ refreshGrace: graceSeconds });
    await using stage = await RefreshStage.set({ provider, credentials: 1, graceSeconds });
    if (stage === null) skip("the embedded database has one process");
    await stage!.makeDue();
    await using dead = await stage!.start({ folder: "dead", die: { at, afterMs: 0 } });
    await dead.ended;
    await stage!.passLeases();
    await using other = await stage!.start({ folder: "other" });
    await stage!.settle();
    const [row] = await stage!.rows();
    expect(row).toMatchObject(becomes);
    expect(row!.statusReason ?? "").toContain(becomes === lost ? "rotation_lost" : "");

    // The dead one comes back with what it has on its disk: too late.
    await using again = await stage!.start({ folder: "dead" });
    await again.stop();
    await other.stop();
    expect(await stage!.rows()).toEqual([row]);
    expect(await stage!.silentlyWrong()).toEqual([]);
    expect(provider.reuses).toBe(becomes === lost ? 1 : 0);
  },
);

test.concurrent(
  "a refresh token of unknown fate stays one while the provider cannot answer the process that takes over",
  async ({ skip, expect }) => {
    await using provider = await StrictProvider.start();
    await using stage = await RefreshStage.set({ provider, credentials: 1 });
    if (stage === null) skip("the embedded database has one process");
    await stage!.makeDue();
    await using dead = await stage!.start({ folder: "dead", die: { at: "received", afterMs: 0 } });
    await dead.ended;
    await stage!.passLeases();
    provider.down = { kind: "status", status: 503 };
    await using other = await stage!.start({ folder: "other" });
    await vi.waitFor(async () => expect(await stage!.rows()).toMatchObject([{ failCount: 1 }]), { timeout });
    provider.down = null;
    await vi.waitFor(async () => expect(await stage!.rows()).toMatchObject([{ status: "needs_reauth" }]), { timeout });
    expect((await stage!.rows())[0]!.statusReason).toContain("rotation_lost");
    await other.stop();
  },
);
