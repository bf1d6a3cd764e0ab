import { openDatabase } from "../../../src/app/database.ts";
import type { Config } from "../../../src/config/config.ts";
import { openVault } from "../../../src/credentials/vault.ts";
import type { DatabaseLocation } from "../../../src/db/database.ts";
import { migrate } from "../../../src/db/migrate.ts";
import { encodeNodeId } from "../../../src/graphql/node-id.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { SessionStore } from "../../../src/sessions/session-store.ts";
import { SessionTimeout } from "../../../src/sessions/session-timeout.ts";

/** More than a page holds. */
const rowCount = 120;
const providers = ["anthropic", "openai", "google"];

/**
 * Gives a user full pages: credentials of all providers and methods, and sessions in which each provider was chosen.
 */
export async function seedPages(
  location: DatabaseLocation,
  config: Config,
  userId: string,
): Promise<{ readonly nodeIds: readonly string[] }> {
  await using database = await openDatabase(location);
  await migrate(database);
  const { store } = await openVault(database, config, systemClock);
  const sessions = new SessionStore(new SessionTimeout(config.sessionTimeout), systemClock);
  const nodeIds: string[] = [];
  await database.transaction(async (em) => {
    for (let index = 0; index < rowCount; index++) {
      const provider = providers[index % providers.length]!;
      const apiKey = new Secret(`sk-bench-${index}-${"x".repeat(40)}`);
      const key = { userId, provider, authMethod: "api_key", label: `label-${index}` } as const;
      const credential = await store.put(em, key, { method: "api_key", apiKey });
      nodeIds.push(encodeNodeId("Credential", credential.id));
      const session = await sessions.create(em, userId, `session ${index}`);
      for (const chosen of providers) {
        const choice = {
          provider: chosen,
          authMethod: "api_key",
          label: key.label,
          source: "stored",
          model: "a",
        } as const;
        await sessions.choose(em, session, choice);
      }
    }
  });
  // Otherwise the planner's statistics come at some moment in the middle of the rounds.
  await database.em().execute("analyze");
  return { nodeIds };
}
