import { isUtf8 } from "node:buffer";

/** Bytes that are no text in UTF-8. The message says what they are instead, to follow the name of what holds them. */
export class TextEncodingError extends Error {
  /** What makes UTF-8 of them. */
  readonly cure: string;

  constructor(message: string, cure: string) {
    super(message);
    this.name = "TextEncodingError";
    this.cure = cure;
  }
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const wideMarks = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];
/** In UTF-16 and UTF-32, ASCII characters have bytes of zero beside them. */
const lookedAt = 4;

/** Whether a text begins as UTF-16 or UTF-32 does, as Windows PowerShell and some editors write it. */
export function isWideText(start: Uint8Array): boolean {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  return (
    wideMarks.some((mark) => bytes.subarray(0, mark.length).equals(mark)) || bytes.subarray(0, lookedAt).includes(0)
  );
}

export function wideTextError(): TextEncodingError {
  return new TextEncodingError(
    "is in UTF-16, and not in UTF-8",
    "Convert it: iconv -f UTF-16 -t UTF-8 <file> > <new file>, or in PowerShell: Get-Content <file> | Set-Content -Encoding utf8 <new file>.",
  );
}

/** Without the mark that some editors put before UTF-8. */
function withoutMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? bytes.subarray(byteOrderMark.length) : bytes;
}

/** Reads bytes as UTF-8; a byte order mark before them is skipped. @throws TextEncodingError for any other encoding */
export function decodeText(bytes: Buffer): string {
  if (isWideText(bytes)) throw wideTextError();
  if (!isUtf8(bytes)) {
    throw new TextEncodingError(
      "holds bytes that are not UTF-8",
      "Convert it from the encoding that it has, for example: iconv -f LATIN1 -t UTF-8 <file> > <new file>.",
    );
  }
  return withoutMark(bytes).toString();
}
