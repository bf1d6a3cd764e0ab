import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AuthorizationFault } from "../support/authorization-server/fault.ts";
import { endWaits, readRow, refresh, setRefreshStage } from "./refresh-stage.ts";

beforeEach(() => {
  // The longest wait that the jitter allows: none of them is short by chance.
  vi.spyOn(Math, "random").mockReturnValue(0.999);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const outage = { kind: "status", status: 503 } as const;
const lost = { kind: "lost" } as const;

/** The wait, in seconds, after a refresh that ends with `fault` when so many have failed before it. */
async function waitAfter(failures: number, fault: AuthorizationFault): Promise<number> {
  await using stage = await setRefreshStage("google");
  await stage.database.em().execute("update provider_credentials set fail_count = ?", [failures]);
  stage.vendor.next("/token", fault);
  await refresh(stage.alice, stage.id);
  const row = await readRow(stage);
  expect(row.failures).toBe(failures + 1);
  return row.nextTryIn!;
}

test("each failure in a row makes the wait longer, up to a quarter of an hour", async () => {
  expect(await waitAfter(0, outage)).toBeLessThan(2.1);
  const later = await waitAfter(20, outage);
  expect(later).toBeGreaterThan(600);
  expect(later).toBeLessThan(901);
});

test("a lost answer that does no harm is asked for again at once, and only once: others wait like any failure", async () => {
  expect(await waitAfter(0, lost)).toBeLessThan(0.001);
  expect(await waitAfter(20, lost)).toBeGreaterThan(600);
});

test("two lost answers in a row count as two failures, and the third refresh goes through", async () => {
  await using stage = await setRefreshStage("google");
  for (const failures of [1, 2]) {
    stage.vendor.next("/token", lost);
    await refresh(stage.alice, stage.id);
    expect(await readRow(stage)).toMatchObject({ version: 1, failures, isSent: true });
    await endWaits(stage);
  }
  expect((await refresh(stage.alice, stage.id)).__typename).toBe("RefreshCredentialPayload");
  expect(await readRow(stage)).toMatchObject({ version: 2, failures: 0, isSent: false });
});
