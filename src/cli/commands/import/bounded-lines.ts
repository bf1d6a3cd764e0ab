import type { Readable } from "node:stream";
import { BoundedBytes, ByteBoundsError } from "../../../lib/bounded-bytes.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Windows ends lines with both. */
function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes;
}

/**
 * The lines of a stream as bytes, without their ends. Of a line that is longer than allowed nothing is kept: null
 * stands in its place, so that a file without line breaks takes no more memory than one with them.
 */
export async function* boundedLines(input: Readable, maxBytes: number): AsyncGenerator<Buffer | null> {
  // A stream has no more pieces than bytes.
  const newLine = () => new BoundedBytes({ bytes: maxBytes, pieces: Number.POSITIVE_INFINITY });
  let line: BoundedBytes | null = newLine();
  let isEmpty = true;
  const add = (piece: Buffer) => {
    isEmpty = false;
    try {
      line?.add(piece);
    } catch (error) {
      if (!(error instanceof ByteBoundsError)) throw error;
      line = null;
    }
  };
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      add(chunk.subarray(start, end));
      yield line === null ? null : withoutReturn(line.bytes);
      line = newLine();
      isEmpty = true;
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (!isEmpty) yield line === null ? null : withoutReturn(line.bytes);
}
