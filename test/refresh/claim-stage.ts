import { randomUUID } from "node:crypto";
import { openVault } from "../../src/credentials/vault.ts";
import { inProcessDoorbell } from "../../src/events/doorbell.ts";
import { Outbox } from "../../src/events/outbox.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Secret } from "../../src/lib/secret.ts";
import { RefreshClaims, type RefreshTarget } from "../../src/refresh/lease.ts";
import { RefreshRecord } from "../../src/refresh/outcome.ts";
import { load } from "../support/test-config.ts";
import { createTestDatabase } from "../support/test-database.ts";

export const provider = "anthropic";

/** What a provider answers to a refresh: tokens for two hours. */
export const newTokens = {
  method: "oauth",
  accessToken: new Secret("new access"),
  refreshToken: new Secret("a refresh token that has come of a renewal-1234"),
  expiresAt: new Date(Date.now() + 7_200_000),
  scopes: ["new"],
  account: null,
} as const;

/** What processes need to claim rows and to write down how a refresh ended: real rows, and no server around them. */
export async function setClaimStage() {
  const database = await createTestDatabase();
  const vault = await openVault(database, load(), systemClock);
  const doorbell = inProcessDoorbell();
  const outbox = new Outbox(database, doorbell);
  const record = new RefreshRecord({ database, store: vault.store, outbox, doorbell, clock: systemClock });

  /** A user's sign-in that is due and ends in an hour. */
  const signIn = async (userId: string): Promise<RefreshTarget> => {
    const key = { userId, provider, authMethod: "oauth", label: "default" } as const;
    const credentials = {
      method: "oauth",
      accessToken: new Secret(`access of ${userId}`),
      refreshToken: new Secret(`refresh of ${userId}`),
      expiresAt: new Date(Date.now() + 3_600_000),
      scopes: [],
      account: null,
    } as const;
    const row = await database.transaction((em) => vault.store.put(em, key, credentials));
    await change("next_try_at = clock_timestamp() - interval '1 second'", userId);
    return { userId, id: row.id, provider, tokenVersion: row.tokenVersion };
  };

  /** @param columns what follows `set` in the statement */
  const change = async (columns: string, userId = "alice"): Promise<void> => {
    await database.em().execute(`update provider_credentials set ${columns} where user_id = ?`, [userId]);
  };

  /** The lease of whoever has claimed the row is over, and nothing else keeps another process from claiming it. */
  const endLease = () =>
    change(`lease_until = clock_timestamp() - interval '1 second', replay_after = clock_timestamp() - interval '1 second',
      next_try_at = clock_timestamp() - interval '1 second'`);

  return {
    database,
    vault,
    record,
    signIn,
    change,
    endLease,
    newProcess: () => new RefreshClaims(database, randomUUID()),
  };
}

export type ClaimStage = Awaited<ReturnType<typeof setClaimStage>>;
