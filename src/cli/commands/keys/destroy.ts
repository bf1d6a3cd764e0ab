import { Command, InvalidArgumentError } from "commander";
import { destroyKey } from "../../../credentials/rotation/key-destruction.ts";
import { exitCodes } from "../../exit-code.ts";
import { openForCommand } from "../../operation.ts";
import { operatorName } from "../../operator.ts";
import { confirm } from "../../terminal/confirm.ts";
import { jsonOption, Output, type OutputOptions } from "../../terminal/output.ts";

interface DestroyOptions extends OutputOptions {
  readonly yes?: boolean;
}

function parseKeyId(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError("It is a number; `keys list` shows them.");
  return Number(value);
}

async function destroy(id: number, options: DestroyOptions, command: Command): Promise<void> {
  const output = new Output(options);
  const question = `Destroy key ${id} permanently?`;
  if (!(await confirm(question, options, command))) {
    process.exitCode = exitCodes.failed;
    return output.note("Nothing was destroyed.");
  }
  await using parts = await openForCommand();
  await destroyKey(parts.storage, id, operatorName());
  output.result({ destroyed: id }, `Key ${id} is destroyed.`);
}

/** `maestro-auth keys destroy` */
export function destroyKeyCommand(): Command {
  return new Command("destroy")
    .summary("destroy a key that nothing is sealed with")
    .description(
      "Destroy a key that a rotation has replaced and that nothing is sealed with any more. It is refused while a " +
        "credential, an OAuth flow under way or a renewal in doubt needs the key. A pending key may be destroyed too, which " +
        "gives its rotation up.",
    )
    .argument("<id>", "its number, as `keys list` shows it", parseKeyId)
    .option("--yes", "do not ask")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  maestro-auth keys destroy 1")
    .action(destroy);
}
