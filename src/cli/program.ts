import { Command } from "commander";
import { auditCommand } from "./audit.ts";
import { credentialsCommand } from "./credentials.ts";
import { doctorCommand } from "./doctor.ts";
import { exitCodeHelp } from "./exit-code.ts";
import { healthCommand } from "./health.ts";
import { importCommand } from "./import.ts";
import { keysCommand } from "./keys.ts";
import { migrateCommand } from "./migrate.ts";
import { providersCommand } from "./providers.ts";
import { restoredCommand } from "./restored.ts";
import { schemaCommand } from "./schema.ts";
import { serveCommand } from "./serve.ts";
import { sessionsCommand } from "./sessions.ts";
import { tokenCommand } from "./token.ts";

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
