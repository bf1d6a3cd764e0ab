import { createInterface } from "node:readline/promises";
import type { Command } from "commander";

/**
 * Asks on a terminal before something that cannot be undone; elsewhere `--yes` must have been given. @returns whether
 * to go on.
 */
export async function confirm(
  question: string,
  { yes = false }: { readonly yes?: boolean },
  command: Command,
): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) command.error("error: this cannot be undone; without a terminal to ask on, add --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
