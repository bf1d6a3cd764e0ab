import { Command } from "commander";
import { auditCommand } from "./commands/audit.ts";
import { credentialsCommand } from "./commands/credentials.ts";
import { doctorCommand } from "./commands/doctor/doctor.ts";
import { healthCommand } from "./commands/health.ts";
import { importCommand } from "./commands/import/import.ts";
import { keysCommand } from "./commands/keys/keys.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { providersCommand } from "./commands/providers.ts";
import { restoredCommand } from "./commands/restored.ts";
import { schemaCommand } from "./commands/schema.ts";
import { serveCommand } from "./commands/serve/serve.ts";
import { sessionsCommand } from "./commands/sessions.ts";
import { tokenCommand } from "./commands/token.ts";
import { exitCodeHelp } from "./exit-code.ts";

/** `maestro-auth` with all of its commands. */
export function createProgram(): Command {
  return (
    new Command("maestro-auth")
      .description(
        "Operate a Maestro Auth server. Every command reads the server's environment variables and has --json.\n" +
          "`maestro-auth <command> --help` explains a command and shows examples.",
      )
      // Options belong to the command that stands before them.
      .enablePositionalOptions()
      .addCommand(serveCommand())
      .addCommand(migrateCommand())
      .addCommand(restoredCommand())
      .addCommand(doctorCommand())
      .addCommand(healthCommand())
      .addCommand(tokenCommand())
      .addCommand(providersCommand())
      .addCommand(credentialsCommand())
      .addCommand(sessionsCommand())
      .addCommand(importCommand())
      .addCommand(keysCommand())
      .addCommand(auditCommand())
      .addCommand(schemaCommand())
      .addHelpText("afterAll", exitCodeHelp)
  );
}
