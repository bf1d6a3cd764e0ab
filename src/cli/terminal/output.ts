import { Option } from "commander";
import { printableJson } from "./terminal.ts";

/** The option that every command has. */
export function jsonOption(): Option {
  return new Option("--json", "print JSON on stdout, and nothing else there");
}

export interface OutputOptions {
  readonly json?: boolean;
  /** Nothing for people: the log tells what there is to tell. */
  readonly silent?: boolean;
}

/**
 * Where a command writes: its result on stdout, as text for people or with `--json` as one line of JSON for programs;
 * everything beside it on stderr. A command with several results writes JSON Lines.
 */
export class Output {
  readonly isJson: boolean;
  /** Whether it tells nothing to people. */
  readonly isSilent: boolean;

  constructor({ json = false, silent = false }: OutputOptions) {
    this.isJson = json;
    this.isSilent = json || silent;
  }

  /** @param text what a person sees of it. */
  result(value: unknown, text: string): void {
    if (this.isJson || !this.isSilent) process.stdout.write(`${this.isJson ? printableJson(value) : text}\n`);
  }

  /** For whoever reads stderr: what kept the work from being whole. */
  failure(text: string): void {
    process.stderr.write(`\n${text}\n`);
  }

  /** For a person only; programs find it in the result. */
  note(text: string): void {
    if (!this.isSilent) process.stderr.write(`${text}\n`);
  }
}
