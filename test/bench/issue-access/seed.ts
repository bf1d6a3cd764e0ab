import { systemClock } from "../../../src/clock.ts";
import type { Config } from "../../../src/config.ts";
import { CredentialSealer } from "../../../src/credentials/credential-sealer.ts";
import { StatusRule } from "../../../src/credentials/credential-status.ts";
import { CredentialStore, defaultLabel } from "../../../src/credentials/credential-store.ts";
import { environmentKeyWrapper } from "../../../src/credentials/sealing/key-wrapper.ts";
import { loadKeyring } from "../../../src/credentials/sealing/keyring.ts";
import { Secret } from "../../../src/credentials/secret.ts";
import { type DatabaseLocation, openDatabase } from "../../../src/db/database.ts";
import { migrate } from "../../../src/db/migrate.ts";
import { type BenchUser, provider } from "./users.ts";

/** Stores each user's API key, sealed, as the server would once the provider has accepted it. */
export async function seed(location: DatabaseLocation, config: Config, users: readonly BenchUser[]): Promise<void> {
  await using database = await openDatabase(location);
  await migrate(database);
  const keyring = await loadKeyring(database, environmentKeyWrapper(config.encryptionKeys), systemClock);
  const store = new CredentialStore(
    new CredentialSealer(keyring),
    new StatusRule(config.refreshThreshold),
    systemClock,
  );
  await database.transaction(async (em) => {
    for (const { userId, apiKey } of users) {
      const key = { userId, provider, authMethod: "api_key", label: defaultLabel } as const;
      await store.put(em, key, { method: "api_key", apiKey: new Secret(apiKey) });
    }
  });
  // Otherwise the planner's statistics come at some moment in the middle of the rounds.
  await database.em().execute("analyze provider_credentials");
}
