import { type CommandParts, openCommandParts } from "../../src/app/command-parts.ts";
import { operator } from "../../src/cli/operator.ts";
import { loadConfig } from "../../src/config/config.ts";
import type { ProviderCredential } from "../../src/credentials/provider-credential.ts";
import { Secret } from "../../src/lib/secret.ts";
import { loadCatalog } from "../../src/providers/registry.ts";
import { type CommandOptions, type CommandResult, runCommand } from "../support/run-command.ts";
import { type ProgramOptions, runProgram } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { testEnvironment } from "../support/test-app.ts";
import { migratedDatabaseIn } from "../support/test-database.ts";

type Environment = Readonly<Record<string, string>>;

/** A migrated database of a test's own, on which commands run. */
export interface CommandStage extends AsyncDisposable {
  readonly folder: string;
  readonly environment: Environment;
  /** Runs `maestro-auth` in the test's own process, with the stage's environment, unless another is given. */
  run(
    args: readonly string[],
    options?: CommandOptions & { readonly environment?: Environment },
  ): Promise<CommandResult>;
  /** The same as a process of its own. */
  runAsProcess(
    args: readonly string[],
    options?: ProgramOptions & { readonly environment?: Environment },
  ): ReturnType<typeof runProgram>;
  /** Lets a test put something there, or look. The embedded database is free for commands again afterwards. */
  within<T>(work: (parts: CommandParts) => Promise<T>, variables?: Environment): Promise<T>;
}

/** PostgreSQL where the run has one, else the embedded database in a folder. */
export async function commandStage(variables: Environment = {}): Promise<CommandStage> {
  const folder = await temporaryFolder();
  const place = await migratedDatabaseIn(folder.path);
  const environment = { ...testEnvironment, LOG_LEVEL: "warn", ...place, ...variables };
  const catalog = await loadCatalog();
  return {
    folder: folder.path,
    environment,
    run: (args, options) => runCommand(args, options?.environment ?? environment, options),
    runAsProcess: (args, options) => runProgram("src/cli.ts", args, options?.environment ?? environment, options),
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
  return (await services.coordinator.connectKey(operator(userId), command)).credential;
}
