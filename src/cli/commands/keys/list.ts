import { Command } from "commander";
import { type KeyReport, listKeys } from "../../../credentials/rotation/key-usage.ts";
import { openForCommand } from "../../operation.ts";
import { jsonOption, Output, type OutputOptions } from "../../terminal/output.ts";
import { table } from "../../terminal/table.ts";

const headings = ["ID", "PURPOSE", "STATE", "WRAPPED BY", "CREATED", "ROWS", "FLOWS", "NOT LOADED BY"];

function toRow({ id, purpose, state, kekId, createdAt, rows, flows, notLoadedBy }: KeyReport): (string | null)[] {
  const servers = notLoadedBy.map(({ server, reason }) => `${server} (${reason})`).join("; ");
  const sealed = purpose === "data" ? [String(rows), String(flows)] : [null, null];
  return [String(id), purpose, state, kekId, createdAt.toISOString(), ...sealed, servers || null];
}

async function list(options: OutputOptions): Promise<void> {
  await using parts = await openForCommand();
  const keys = await listKeys(parts.storage.database);
  new Output(options).result({ keys }, table(headings, keys.map(toRow)));
}

/** `maestro-auth keys list` */
export function listKeysCommand(): Command {
  return new Command("list")
    .summary("list the keys, and what each seals")
    .description("List the keys: their state, what each seals, and which running servers have not loaded it yet.")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
States:
  pending       created; not used until every running server has loaded it
  active        encrypts new values
  decrypt_only  decrypts what was encrypted with it earlier
  destroyed     permanently unusable

Example:
  maestro-auth keys list --json | jq '.keys[] | select(.state == "decrypt_only")'`,
    )
    .action(list);
}
