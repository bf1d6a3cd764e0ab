import type { ServerResponse } from "node:http";
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";

/** What is written instead of JSON with its usual label. */
interface WrittenAnswer {
  /** 200 unless it says otherwise. */
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  /** More than one is written piece by piece, without a length. */
  readonly pieces: readonly Uint8Array[];
}

/** A way in which a successful answer of a token endpoint, or of an API, comes in the field. */
export type AnswerForm = (body: Readonly<Record<string, unknown>>) => WrittenAnswer;

const json = (body: unknown) => Buffer.from(JSON.stringify(body));

/** JSON under this label. */
const labelled =
  (contentType: string | null): AnswerForm =>
  (body) => ({ headers: contentType === null ? {} : { "content-type": contentType }, pieces: [json(body)] });

/** JSON packed like this, under these labels. */
const packed =
  (contentEncoding: string | null, pack: (content: Buffer) => Buffer): AnswerForm =>
  (body) => ({
    headers: {
      "content-type": "application/json",
      ...(contentEncoding === null ? {} : { "content-encoding": contentEncoding }),
    },
    pieces: [pack(json(body))],
  });

/** What is no text, number or boolean has no place in a form. */
function form(body: Readonly<Record<string, unknown>>): Buffer {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      fields.set(name, String(value));
  }
  return Buffer.from(fields.toString());
}

const utf16be = (content: Buffer) => Buffer.from(content.toString(), "utf16le").swap16();

/** Each is one that somebody has met; the source stands beside it. */
export const answerForms = {
  // WeChat: https://github.com/panva/oauth4webapi/pull/155
  "as plain text": labelled("text/plain"),
  // https://github.com/spring-projects/spring-framework/issues/34545
  "as a page": labelled("text/html; charset=utf-8"),
  "as text/json": labelled("text/json"),
  // RFC 9110, section 8.3: a sender may leave it out.
  "without a content type": labelled(null),
  "as a media type that is none": labelled("json"),
  "as JSON of another kind": labelled("application/vnd.vendor.token+json;version=2"),
  // RFC 8259, section 11: there is no such parameter, and what it says changes nothing.
  "with a charset that is wrong": labelled("application/json; charset=ISO-8859-1"),
  "with a charset that does not exist": labelled('application/json;charset="utf8mb4"'),
  // https://github.com/DollhouseMCP/mcp-server/issues/2520,
  // https://github.com/ordercloud-api/ordercloud-javascript-sdk/issues/40
  "with a byte order mark": (body) => ({ headers: {}, pieces: [Buffer.concat([Buffer.from("\ufeff"), json(body)])] }),
  // RFC 4627, section 3, allowed UTF-16; with marks: https://github.com/aacerox/node-rest-client/pull/197
  "in UTF-16": (body) => ({ headers: {}, pieces: [Buffer.from(json(body).toString(), "utf16le")] }),
  "in UTF-16, marked": (body) => ({ headers: {}, pieces: [Buffer.from(`\ufeff${json(body).toString()}`, "utf16le")] }),
  "in UTF-16, big-endian": (body) => ({ headers: {}, pieces: [utf16be(json(body))] }),
  "between white space": (body) => ({
    headers: {},
    pieces: [Buffer.from(`\r\n\t ${JSON.stringify(body, null, 2)}\n\n`)],
  }),
  // https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps, where JSON was not asked for
  "as a form": (body) => ({ headers: { "content-type": "application/x-www-form-urlencoded" }, pieces: [form(body)] }),
  // https://github.com/orgs/community/discussions/101123
  "as a form labelled as JSON": (body) => ({ headers: { "content-type": "application/json" }, pieces: [form(body)] }),
  // CrowdStrike: https://github.com/panva/openid-client/issues/666
  "with status 201": (body) => ({ status: 201, headers: {}, pieces: [json(body)] }),
  // RFC 9110, section 15.3.4: a gateway has changed it on its way.
  "with status 203": (body) => ({ status: 203, headers: {}, pieces: [json(body)] }),
  // Snowflake: https://github.com/modelcontextprotocol/typescript-sdk/issues/2408
  "packed with gzip": packed("gzip", (content) => gzipSync(content)),
  // RFC 9110, section 8.4.1.3
  "packed with gzip under its old name": packed("X-GZip", (content) => gzipSync(content)),
  // RFC 1952, section 2.2
  "packed with gzip in two members": packed("gzip", (content) =>
    Buffer.concat([gzipSync(content.subarray(0, 10)), gzipSync(content.subarray(10))]),
  ),
  "packed with gzip and without its end": packed("gzip", (content) => gzipSync(content).subarray(0, -8)),
  // A gateway has taken the label away: https://github.com/modelcontextprotocol/typescript-sdk/pull/2436
  "packed with gzip without a label": packed(null, (content) => gzipSync(content)),
  // RFC 9110, section 8.4.1.2: the zlib format; and without its frame: https://github.com/sindresorhus/got/issues/303
  "packed with deflate": packed("deflate", (content) => deflateSync(content)),
  "packed with deflate and a small window": packed("deflate", (content) => deflateSync(content, { windowBits: 9 })),
  "packed with deflate without its frame": packed("deflate", (content) => deflateRawSync(content)),
  "packed with Brotli": packed("br", (content) => brotliCompressSync(content)),
  // RFC 8878; https://www.rfc-editor.org/rfc/rfc9659
  "packed with zstd": packed("zstd", (content) => zstdCompressSync(content)),
  // RFC 9110, section 8.4: in the order in which they were applied.
  "packed twice": packed("gzip, br", (content) => brotliCompressSync(gzipSync(content))),
  "packed twice with one label": packed("gzip", (content) => gzipSync(gzipSync(content))),
  "labelled identity": packed("identity", (content) => content),
  // https://github.com/curl/curl/issues/2368, https://github.com/xroche/httrack/pull/515
  "labelled gzip and not packed": packed("gzip", (content) => content),
  "labelled br and not packed": packed("br", (content) => content),
  "labelled deflate and not packed": packed("deflate", (content) => content),
  // https://github.com/apache/httpcomponents-client/pull/698, https://github.com/hgoebl/DavidWebb/issues/31
  "with a charset for a content encoding": packed("UTF-8", (content) => content),
  "packed, with a charset beside it": packed("utf-8, gzip", (content) => gzipSync(content)),
  // RFC 9112, section 7.1
  "byte by byte": (body) => ({ headers: {}, pieces: [...json(body)].map((byte) => Uint8Array.of(byte)) }),
  "packed, in pieces": (body) => {
    const content = gzipSync(json(body), { level: constants.Z_NO_COMPRESSION });
    return { headers: { "content-encoding": "gzip" }, pieces: [content.subarray(0, 3), content.subarray(3)] };
  },
  // The length from before a gateway changed the body: https://github.com/trinodb/trino-gateway/issues/786. The
  // connection then ends too soon.
  "with a length that is too great": (body) => {
    const content = json(body);
    return { headers: { "content-length": String(content.length + 20) }, pieces: [content] };
  },
} satisfies Record<string, AnswerForm>;

export type AnswerFormName = keyof typeof answerForms;

/** Writes an answer in one of these forms. */
export function writeForm(response: ServerResponse, { status = 200, headers, pieces }: WrittenAnswer): void {
  const content = Buffer.concat(pieces);
  const length = pieces.length === 1 ? { "content-length": String(content.length) } : {};
  response.writeHead(status, { ...length, ...headers });
  for (const piece of pieces) response.write(piece);
  // Node holds itself to the length that it announces.
  if (Number(headers["content-length"] ?? content.length) > content.length) response.socket?.end();
  else response.end();
}
