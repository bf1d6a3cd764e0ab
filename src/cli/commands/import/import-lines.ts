import type { Readable } from "node:stream";
import { OperatorError } from "../../../errors/operator-error.ts";
import { decodeText, isWideText, TextEncodingError, wideTextError } from "../../../lib/text-bytes.ts";
import { explainInput, type InputFile, openInput } from "../../input-file.ts";
import { boundedLines } from "./bounded-lines.ts";
import { type ImportItem, ImportLineError, parseImportLine } from "./import-line.ts";

export interface Line {
  readonly number: number;
  /** Null for one that is too long to be a credential. */
  readonly bytes: Buffer | null;
}

/** More than the largest tokens, with all that may stand beside them. */
const maxLineBytes = 262_144;
/** What has been seen is remembered, to find a credential that comes twice. */
const maxLines = 1_000_000;

const isBlank = (bytes: Buffer) => bytes.every((byte) => byte === 0x20 || byte === 0x09);

async function* linesOf(stream: Readable): AsyncGenerator<Line> {
  let number = 0;
  for await (const bytes of boundedLines(stream, maxLineBytes)) {
    number += 1;
    if (number === 1 && bytes !== null && isWideText(bytes)) throw wideTextError();
    if (number > maxLines) {
      throw new OperatorError(
        `The input has more than ${maxLines} lines, which is the limit of one import.`,
        "Split it, and import the parts one after the other.",
      );
    }
    if (bytes === null || !isBlank(bytes)) yield { number, bytes };
  }
}

/** The lines of an input that hold something. @throws OperatorError where it cannot be read, or is not UTF-8 at all */
export async function* readLines(input: InputFile): AsyncGenerator<Line> {
  try {
    yield* linesOf(openInput(input.file));
  } catch (error) {
    throw explainInput(error, input) ?? error;
  }
}

/** How many lines an input has; null for stdin, which is read once. @throws OperatorError */
export async function countLines(input: InputFile): Promise<number | null> {
  if (input.file === "-") return null;
  let count = 0;
  for await (const _ of readLines(input)) count += 1;
  return count;
}

/** @throws ImportLineError */
export function parseLine({ bytes }: Line): ImportItem {
  if (bytes === null) throw new ImportLineError(`is longer than ${maxLineBytes} bytes`);
  try {
    return parseImportLine(decodeText(bytes));
  } catch (error) {
    if (!(error instanceof TextEncodingError)) throw error;
    throw new ImportLineError(error.message);
  }
}
