import { type CommandParts, openCommandParts } from "../../src/app/command-parts.ts";
import { operator } from "../../src/cli/operator.ts";
import { loadConfig } from "../../src/config.ts";
import { openConfiguredDatabase } from "../../src/db/configured-database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { Secret } from "../../src/credentials/secret.ts";
import type { ProviderCredential } from "../../src/credentials/provider-credential.ts";
import { loadCatalog } from "../../src/providers/registry.ts";
import { type ProgramOptions, runProgram } from "../support/server-process.ts";
import { createServerDatabase } from "../support/test-database.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { testEnvironment } from "../support/test-app.ts";

/** A migrated database of a test's own, on which commands run as processes. */
export interface CommandStage extends AsyncDisposable {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs `maestro-auth` with the stage's environment, unless another is given. */
  run(
    args: readonly string[],
    options?: ProgramOptions & { readonly environment?: Readonly<Record<string, string>> },
  ): ReturnType<typeof runProgram>;
  /** Lets a test put something there, or look. The embedded database is free for commands again afterwards. */
  within<T>(work: (parts: CommandParts) => Promise<T>, variables?: Readonly<Record<string, string>>): Promise<T>;
}

/** PostgreSQL where the run has one, else the embedded database in a folder. */
export async function commandStage(variables: Readonly<Record<string, string>> = {}): Promise<CommandStage> {
  const folder = await temporaryFolder();
  const url = await createServerDatabase();
  const place = { DATA_DIR: folder.path, ...(url === null ? {} : { DATABASE_URL: url }) };
  const environment = { ...testEnvironment, LOG_LEVEL: "warn", ...place, ...variables };
  const catalog = await loadCatalog();
  const config = loadConfig(catalog, environment);
  {
    await using database = await openConfiguredDatabase(config, () => {});
    await migrate(database);
  }
  return {
    folder: folder.path,
    environment,
    run: (args, options) => runProgram("src/cli.ts", args, options?.environment ?? environment, options),
    within: async (work, more = {}) => {
      await using parts = await openCommandParts(loadConfig(catalog, { ...environment, ...more }), catalog);
      return await work(parts);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Connects a key as the user would. */
export async function connectKey(
  { services }: CommandParts,
  userId: string,
  { apiKey, label = null }: { readonly apiKey: string; readonly label?: string | null },
): Promise<ProviderCredential> {
  const command = { provider: "anthropic", label, apiKey: new Secret(apiKey), sessionId: null };
  return services.coordinator.connectKey(operator(userId), command);
}
