import { parseArgs } from "node:util";
import type { Bench, BenchOption, BenchSettings } from "./bench.ts";

/** What was asked for on the command line. */
export interface BenchArguments {
  readonly name: string | undefined;
  readonly given: Readonly<Record<string, string | undefined>>;
}

/** Reads the name of a bench and the options of all of them. @throws Error for any other option. */
export function readArguments(benches: Iterable<Bench>): BenchArguments {
  const names = Array.from(benches, ({ options }) => Object.keys(options)).flat();
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  return { name: positionals[0], given: values };
}

function readNumber(name: string, { value, max, whole }: BenchOption, text: string | undefined): number {
  const number = text === undefined ? value : Number(text);
  if (number > 0 && number <= max && (!whole || Number.isInteger(number))) return number;
  throw new Error(`--${name} needs ${whole ? "a whole number from 1 to" : "a number above 0, at most"} ${max}`);
}

/** The numbers for a bench. @throws Error for a number that makes no sense, or an option that only others have. */
export function readSettings({ options }: Bench, { name, given }: BenchArguments): BenchSettings<string> {
  const stranger = Object.keys(given).find((option) => options[option] === undefined);
  if (stranger !== undefined) throw new Error(`${name} has no --${stranger}`);
  const entries = Object.entries(options).map(([key, option]) => [key, readNumber(key, option, given[key])] as const);
  return Object.fromEntries(entries);
}

/** How benches are run, each with its options. */
export function usage(benches: ReadonlyMap<string, Bench>): string {
  const list = Array.from(benches, ([name, { summary, options }]) => [
    `  ${name.padEnd(20)}${summary}`,
    ...Object.entries(options).map(([option, { meaning, value }]) => `    --${option.padEnd(16)}${meaning} (${value})`),
  ]);
  return ["npm run bench -- <name> [--<option> <number>]", "", ...list.flat(), ""].join("\n");
}
