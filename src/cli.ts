#!/usr/bin/env node
import { Command } from "commander";
import { auditCommand } from "./cli/audit.ts";
import { credentialsCommand } from "./cli/credentials.ts";
import { doctorCommand } from "./cli/doctor.ts";
import { exitCodeHelp } from "./cli/exit-code.ts";
import { importCommand } from "./cli/import.ts";
import { migrateCommand } from "./cli/migrate.ts";
import { providersCommand } from "./cli/providers.ts";
import { run } from "./cli/run.ts";
import { schemaCommand } from "./cli/schema.ts";
import { serveCommand } from "./cli/serve.ts";
import { sessionsCommand } from "./cli/sessions.ts";
import { tokenCommand } from "./cli/token.ts";

const program = new Command("maestro-auth")
  .description(
    "Operate a Maestro Auth server. Every command reads the same environment as the server, and takes --json.\n" +
      "`maestro-auth <command> --help` explains each with examples.",
  )
  // Options belong to the command that stands before them.
  .enablePositionalOptions()
  .addCommand(serveCommand())
  .addCommand(migrateCommand())
  .addCommand(doctorCommand())
  .addCommand(tokenCommand())
  .addCommand(providersCommand())
  .addCommand(credentialsCommand())
  .addCommand(sessionsCommand())
  .addCommand(importCommand())
  .addCommand(auditCommand())
  .addCommand(schemaCommand())
  .addHelpText("afterAll", exitCodeHelp);

await run(program);
