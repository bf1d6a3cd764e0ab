import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { OperatorError } from "../errors/operator-error.ts";
import { decodeText, TextEncodingError } from "../lib/text-bytes.ts";

/** Something that a command is told to read. */
export interface InputFile {
  /** The path, or - for stdin. */
  readonly file: string;
  /** As messages call it, such as "The file of --key-file". */
  readonly name: string;
  /** What to name instead. */
  readonly cure: string;
}

export function openInput(file: string): Readable {
  return file === "-" ? process.stdin : createReadStream(file);
}

/** The system's code of what went wrong with a file, which people search for. */
export function describeFileFault(error: unknown): string {
  const { code = "unknown" } = error as NodeJS.ErrnoException;
  return `(${code})`;
}

/** Why an input cannot be used, as its operator is told; null for a failure that has nothing to do with it. */
export function explainInput(error: unknown, { name, cure }: InputFile): OperatorError | null {
  if (error instanceof TextEncodingError) {
    return new OperatorError(`${name} ${error.message}.`, error.cure, { cause: error });
  }
  const { syscall } = error as NodeJS.ErrnoException;
  if (syscall !== "open" && syscall !== "read") return null;
  return new OperatorError(`${name} cannot be read ${describeFileFault(error)}.`, cure, { cause: error });
}

/** The whole text of a small file, without white space at its ends. @throws OperatorError */
export async function readTextFile(input: InputFile): Promise<string> {
  try {
    return decodeText(await buffer(openInput(input.file))).trim();
  } catch (error) {
    throw explainInput(error, input) ?? error;
  }
}
