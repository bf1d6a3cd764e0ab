import { expect, test, vi } from "vitest";
import { ExpiryNotices } from "../../src/refresh/expiry-notices.ts";
import { RefreshClaims } from "../../src/refresh/lease.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { patience } from "../support/patience.ts";
import { makeDue, readRows, type RefreshStage, setRefreshStage, startNeighbour } from "./refresh-stage.ts";

/** So long that as many looks as there are sign-ins would take longer than anybody waits here. */
const intervalMs = 5_000;
const signIns = 16;

async function setBacklog(): Promise<RefreshStage> {
  const stage = await setRefreshStage("anthropic");
  for (let index = 1; index < signIns; index++) await signIn(stage.alice, "anthropic", { label: `label-${index}` });
  await makeDue(stage);
  return stage;
}

const allRenewed = async ({ database }: RefreshStage) =>
  expect((await readRows(database)).map(({ version }) => version)).toEqual(Array.from({ length: signIns }, () => 2));

test("a backlog is worked off without waiting for the next look, one by one if there is room for one", async () => {
  await using stage = await setBacklog();
  await using _worker = await startNeighbour(stage, { refresh: { intervalMs, limits: { maxInFlight: 1 } } });
  await vi.waitFor(() => allRenewed(stage), patience);
  expect(stage.vendor.oracle).toMatchObject({ refreshes: signIns, reuses: 0 });
});

test("where nothing is due there is one look in each interval", async () => {
  await using stage = await setRefreshStage("anthropic");
  const looks = vi.spyOn(RefreshClaims.prototype, "claimDue");
  try {
    const begun = performance.now();
    await using _worker = await startNeighbour(stage, { refresh: { intervalMs: 200 } });
    await vi.waitFor(() => expect(looks.mock.calls.length).toBeGreaterThanOrEqual(3), patience);
    expect(looks.mock.calls.length).toBeLessThanOrEqual((performance.now() - begun) / 200);
  } finally {
    looks.mockRestore();
  }
});

test("notices that take their time keep no refresh waiting", async () => {
  const sent = Promise.withResolvers<void>();
  const send = vi.spyOn(ExpiryNotices.prototype, "send").mockImplementation(() => sent.promise);
  try {
    await using stage = await setBacklog();
    await using _worker = await startNeighbour(stage, { refresh: { intervalMs: 50 } });
    await vi.waitFor(() => allRenewed(stage), patience);
    expect(send).toHaveBeenCalled();
    sent.resolve();
  } finally {
    sent.resolve();
    send.mockRestore();
  }
});
