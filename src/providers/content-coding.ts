import { promisify } from "node:util";
import { brotliDecompress, constants, gunzip, inflate, inflateRaw, zstdDecompress } from "node:zlib";

/** A body after its content codings (RFC 9110, section 8.4) were undone. */
export interface DecodedContent {
  readonly content: Buffer;
  /** The coding that could not be undone, so that `content` is what it was applied to; null where all were. */
  readonly undecoded: string | null;
}

type Decoder = (content: Buffer, maxBytes: number) => Promise<Buffer>;

const [gunzipAsync, inflateAsync, inflateRawAsync, brotliAsync, zstdAsync] = [
  promisify(gunzip),
  promisify(inflate),
  promisify(inflateRaw),
  promisify(brotliDecompress),
  promisify(zstdDecompress),
] as const;

/** As curl and browsers do: the last block may lack its end, since what it holds may be whole all the same. */
const lenient = { finishFlush: constants.Z_SYNC_FLUSH };

const isGzip = (content: Buffer) => content[0] === 0x1f && content[1] === 0x8b;
/** RFC 1950, section 2.2: the method in the low nibble, and a check over both bytes. */
const isZlib = (content: Buffer) =>
  content.length >= 2 && (content[0]! & 0x0f) === 8 && content.readUInt16BE() % 31 === 0;

const gzip: Decoder = (content, maxOutputLength) => gunzipAsync(content, { ...lenient, maxOutputLength });

/** "deflate" is zlib's format, but old servers leave its frame out (RFC 9110, section 8.4.1.2). */
const deflate: Decoder = (content, maxOutputLength) =>
  isZlib(content)
    ? inflateAsync(content, { ...lenient, maxOutputLength })
    : inflateRawAsync(content, { maxOutputLength });

const brotli: Decoder = (content, maxOutputLength) => brotliAsync(content, { maxOutputLength });

/** RFC 9659, section 3: no window of more than 8 MiB. */
const zstd: Decoder = (content, maxOutputLength) =>
  zstdAsync(content, { maxOutputLength, params: { [constants.ZSTD_d_windowLogMax]: 23 } });

const decoders: ReadonlyMap<string, Decoder> = new Map([
  ["gzip", gzip],
  ["x-gzip", gzip],
  ["deflate", deflate],
  ["br", brotli],
  ["zstd", zstd],
]);

/** For `accept-encoding`. */
export const acceptedCodings = "gzip, deflate, br, zstd";

/** As many as curl undoes: each of them costs as much as the largest body. */
const maxCodings = 5;

/** Whether a decoder has stopped because there was more than it was allowed to give out. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

async function undo(decoder: Decoder | undefined, content: Buffer, maxBytes: number): Promise<Buffer | null> {
  try {
    return (await decoder?.(content, maxBytes)) ?? null;
  } catch (error) {
    if (isTooLarge(error)) throw error;
    return null;
  }
}

/** A coding as a message may repeat it: a token of sensible length (RFC 9110, section 5.6.2). */
function nameOf(coding: string): string {
  return /^[\w!#$%&'*+.^`|~-]{1,40}$/.test(coding) ? coding : "unknown";
}

/**
 * Undoes the content codings of a body, each of which may give out `maxBytes`. A label that is wrong takes nothing
 * away: what cannot be undone stays as it is, since gateways unpack a body and leave the label, or write a charset
 * there (https://github.com/apache/httpcomponents-client/pull/698), and others take the label away and leave the body
 * packed (https://github.com/modelcontextprotocol/typescript-sdk/pull/2436).
 * @throws what `isTooLarge` knows
 */
export async function decodeContent(
  body: Buffer,
  contentEncoding: string | string[] | undefined,
  maxBytes: number,
): Promise<DecodedContent> {
  const labels = String(contentEncoding ?? "").split(",");
  const codings = labels
    .map((label) => label.trim().toLowerCase())
    .filter((label) => !["", "identity"].includes(label));
  let content = body;
  if (content.length === 0) return { content, undecoded: null };
  if (codings.length > maxCodings) return { content, undecoded: "unknown" };
  for (const coding of codings.toReversed()) {
    const decoded = await undo(decoders.get(coding), content, maxBytes);
    if (decoded === null) return { content, undecoded: nameOf(coding) };
    content = decoded;
  }
  if (!isGzip(content)) return { content, undecoded: null };
  const decoded = await undo(gzip, content, maxBytes);
  return decoded === null ? { content, undecoded: "gzip" } : { content: decoded, undecoded: null };
}

/**
 * The text of a body. JSON is UTF-8 whatever its label says (RFC 8259, section 8.1); UTF-16, which it once could be,
 * shows by its byte order mark or by the zero byte beside the first character (RFC 4627, section 3). A mark is left
 * out.
 */
export function decodeText(content: Buffer): string {
  const [first, second] = content;
  const isBigEndian = first === 0 || (first === 0xfe && second === 0xff);
  const isLittleEndian = second === 0 || (first === 0xff && second === 0xfe);
  return new TextDecoder(isBigEndian ? "utf-16be" : isLittleEndian ? "utf-16le" : "utf-8").decode(content);
}
