#!/usr/bin/env node
import { Command } from "commander";
import { auditCommand } from "./cli/audit.ts";
import { schemaCommand } from "./cli/schema.ts";
import { tokenCommand } from "./cli/token.ts";
import { exitWithFailure } from "./cli/startup-failure.ts";

const program = new Command("maestro-auth")
  .description("Operate a Maestro Auth server. It reads the same environment as the server.")
  .addCommand(tokenCommand())
  .addCommand(schemaCommand())
  .addCommand(auditCommand());

try {
  await program.parseAsync();
} catch (error) {
  exitWithFailure(error);
}
