import { Command } from "commander";
import { openForCommand } from "../../operation.ts";
import { jsonOption, Output, type OutputOptions } from "../../terminal/output.ts";
import { reportReseal, resealRows } from "./reseal-report.ts";
import { stopSignal } from "./stop-signal.ts";

async function reseal(options: OutputOptions): Promise<void> {
  await using parts = await openForCommand();
  using stop = stopSignal();
  const result = await resealRows(parts.storage, stop.signal);
  await reportReseal(parts.storage, result, new Output(options));
}

/** `maestro-auth keys reseal` */
export function resealCommand(): Command {
  return new Command("reseal")
    .summary("seal what older keys have with the active one; `rotate` does it too")
    .description(
      "Seal what older keys have with the active one, while servers serve, without making a key. `rotate` does it by " +
        "itself; this is for rows that came to an older key afterwards, as from a server that was away.",
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  maestro-auth keys reseal\n\nExit code 3 tells that it was stopped, or that rows do not open; the report lists them.",
    )
    .action(reseal);
}
