import { openDatabase } from "../../../src/app/database.ts";
import type { Config } from "../../../src/config/config.ts";
import { defaultLabel } from "../../../src/credentials/credential-store.ts";
import { openVault } from "../../../src/credentials/vault.ts";
import type { DatabaseLocation } from "../../../src/db/database.ts";
import { migrate } from "../../../src/db/migrate.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { type BenchUser, provider } from "./users.ts";

/** Stores each user's API key, sealed, as the server would once the provider has accepted it. */
export async function seed(location: DatabaseLocation, config: Config, users: readonly BenchUser[]): Promise<void> {
  await using database = await openDatabase(location);
  await migrate(database);
  const { store } = await openVault(database, config, systemClock);
  await database.transaction(async (em) => {
    for (const { userId, apiKey } of users) {
      const key = { userId, provider, authMethod: "api_key", label: defaultLabel } as const;
      await store.put(em, key, { method: "api_key", apiKey: new Secret(apiKey) });
    }
  });
  // Otherwise the planner's statistics come at some moment in the middle of the rounds.
  await database.em().execute("analyze provider_credentials");
}
