import { type CommandParts, openCommandParts } from "../app/command-parts.ts";
import { loadConfig } from "../config/config.ts";
import { FolderInUseError } from "../db/folder-lock.ts";
import { OperatorError } from "../errors/operator-error.ts";
import { loadCatalog } from "../providers/registry.ts";

/** Opens what the environment names, to act on it. @throws OperatorError, ConfigError */
export async function openForCommand(): Promise<CommandParts> {
  const catalog = await loadCatalog();
  try {
    return await openCommandParts(loadConfig(catalog), catalog);
  } catch (error) {
    if (!(error instanceof FolderInUseError)) throw error;
    throw new OperatorError(
      error.reason,
      "Stop that server while the command runs, or use PostgreSQL (DATABASE_URL), where commands work beside it.",
      { cause: error },
    );
  }
}
