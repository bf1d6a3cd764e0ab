import { expect, test } from "vitest";
import { StrictProvider } from "../../support/strict-provider.ts";
import { outages, type Outage } from "../../support/strict-provider/outage.ts";
import { vendorRefusals } from "../../support/vendor-refusals.ts";
import { measureFairness } from "./fairness.ts";

const healthy = 1_000;
const poisoned = 20;

/** What the sign-ins of the one user meet. */
const poisons: readonly (readonly [string, readonly Outage[]])[] = [
  [
    "refused in every way that is known",
    vendorRefusals.map(({ status, body }) => ({ kind: "status", status, body }) as const),
  ],
  ["never answered, cut off or told to wait", [outages.hang, outages.hang, { kind: "reset" }, outages.rateLimit(1)]],
];

test.for(poisons)(
  `while ${poisoned} sign-ins of one user are %s, those of ${healthy} others are renewed in time, and nothing pauses`,
  async ([, troubles], { skip, annotate }) => {
    await using provider = await StrictProvider.start({ accessTokenLifetime: 60 });
    const figures = await measureFairness({
      provider,
      trouble: async (all) => {
        for (const [account, outage] of Object.entries(all)) provider.troubles.set(account, outage);
      },
      healthy,
      poisoned,
      troubles,
      processes: 2,
      lifetimeSeconds: 60,
      seconds: 60,
    });
    // The embedded database has one process.
    if (figures === null) skip("the embedded database has one process");
    await annotate(JSON.stringify(figures));
    expect(figures).toMatchObject({ late: 0, neglected: 0, failures: 0, pauses: 0 });
    expect(figures!.renewals).toBeGreaterThanOrEqual(healthy);
    expect(figures!.poisonedTries).toBeGreaterThan(poisoned);
    expect(provider.reuses).toBe(0);
  },
);
