import { Command } from "commander";
import { type Rewrapping, rewrapKeys } from "../../../credentials/rotation/key-rewrapping.ts";
import { openForCommand } from "../../operation.ts";
import { operatorName } from "../../operator.ts";
import { jsonOption, Output, type OutputOptions } from "../../terminal/output.ts";

function describe({ kekId, rewrapped, removable }: Rewrapping): string {
  const done =
    rewrapped.length === 0
      ? `Every key is wrapped by "${kekId}" already.`
      : `${rewrapped.length} key${rewrapped.length === 1 ? " is" : "s are"} now wrapped by "${kekId}".`;
  if (removable.length === 0) return done;
  return (
    `${done}\n${removable.map((id) => `"${id}"`).join(", ")} may now be removed from CREDENTIAL_ENCRYPTION_KEY of every server and command.\n` +
    "Keep it beside the backups that were made before: they cannot be opened without it."
  );
}

async function rewrap(options: OutputOptions): Promise<void> {
  await using parts = await openForCommand();
  const rewrapping = await rewrapKeys(parts.storage, operatorName());
  new Output(options).result(rewrapping, describe(rewrapping));
}

/** `maestro-auth keys rewrap` */
export function rewrapCommand(): Command {
  return new Command("rewrap")
    .summary("change the key-encryption key")
    .description(
      "Wrap every data key with the first key of CREDENTIAL_ENCRYPTION_KEY (`new-id:key,old-id:key`). What is stored stays " +
        "sealed as it is. It is refused while a running server lacks the new key, as that one could not start again.",
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Example:
  CREDENTIAL_ENCRYPTION_KEY="2027:$(cat new-key),2026:$(cat old-key)" maestro-auth keys rewrap`,
    )
    .action(rewrap);
}
