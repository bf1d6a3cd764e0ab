import { expect, test, vi } from "vitest";
import { startOidcStageProvider } from "./oidc-stage-provider.ts";
import { RefreshStage } from "./refresh-stage.ts";

const processes = 4;
const credentials = 200;
/** A bench makes a hundred thousand. */
const refreshes = 2_000;

test(
  "processes without a leader share the refreshes, and each is made once",
  { timeout: 240_000 },
  async ({ skip }) => {
    await using provider = await startOidcStageProvider();
    await using stage = await RefreshStage.set({ provider, credentials });
    if (stage === null) skip("the embedded database has one process");
    const { oracle } = provider;
    await using children = await stage!.startAll(processes);
    const isOver = async () => {
      // Due again and again, but never near their end: what takes longer than a lease on a busy machine harms nothing.
      await stage!.makeDue();
      return oracle.successes >= refreshes || oracle.reuses > 0;
    };
    await vi.waitUntil(isOver, { timeout: 180_000, interval: 200 });
    const shares = await Promise.all(children.map((child) => child.countStored()));
    await Promise.all(children.map((child) => child.stop()));

    expect(oracle.reuses).toBe(0);
    expect(shares.filter((share) => share === 0)).toEqual([]);
    expect(oracle.refreshes).toBe(oracle.successes);
    const rows = await stage!.rows();
    expect(await stage!.silentlyWrong()).toEqual([]);
    // Every lease that was given brought one new version: none was taken from a process that lived.
    const odd = rows.filter(
      ({ status, failCount, leaseEpoch, tokenVersion }) =>
        status !== "active" || failCount > 0 || leaseEpoch !== tokenVersion,
    );
    expect(odd).toEqual([]);
    expect(rows.reduce((sum, { tokenVersion }) => sum + tokenVersion - 1, 0)).toBe(oracle.successes);

    const events = Map.groupBy(await stage!.events(), ({ userId }) => userId);
    for (const { userId, tokenVersion } of rows) {
      const expected = Array.from({ length: tokenVersion - 1 }, (_, index) => ({
        seq: index + 1,
        type: "TokenRefreshed",
      }));
      expect((events.get(userId) ?? []).map(({ seq, type }) => ({ seq, type }))).toEqual(expected);
    }
  },
);
