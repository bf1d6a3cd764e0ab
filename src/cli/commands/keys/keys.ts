import { Command } from "commander";
import { destroyKeyCommand } from "./destroy.ts";
import { listKeysCommand } from "./list.ts";
import { resealCommand } from "./reseal.ts";
import { rewrapCommand } from "./rewrap.ts";
import { rotateCommand } from "./rotate.ts";

/** `maestro-auth keys` */
export function keysCommand(): Command {
  return new Command("keys")
    .summary("rotate the encryption keys while the server runs")
    .description(
      "Manage the encryption keys. Data keys encrypt what is stored; the key-encryption " +
        "key of CREDENTIAL_ENCRYPTION_KEY wraps the data keys. No command shows a key.",
    )
    .addCommand(listKeysCommand())
    .addCommand(rotateCommand())
    .addCommand(resealCommand())
    .addCommand(destroyKeyCommand())
    .addCommand(rewrapCommand())
    .addHelpText(
      "after",
      "\nWith PostgreSQL they run beside the servers. The embedded database can be opened by\none process only: stop the server first.",
    );
}
