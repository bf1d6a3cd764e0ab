import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { acceptedCodings, decodeContent, decodeText, isTooLarge } from "../../src/providers/content-coding.ts";

const limit = 10_000;
const content = Buffer.from(JSON.stringify({ access_token: "at-1", note: "ü" }));

async function decode(body: Buffer, label?: string | string[]) {
  const { content: decoded, undecoded } = await decodeContent(body, label, limit);
  return { text: decoded.toString(), undecoded };
}

const whole = { text: content.toString(), undecoded: null };

const packers: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  br: (body) => brotliCompressSync(body),
  zstd: (body) => zstdCompressSync(body),
};

test("what is asked for is what can be undone", async () => {
  expect(acceptedCodings.split(", ")).toEqual(Object.keys(packers));
});

describe.each(Object.entries(packers))("%s", (coding, pack) => {
  test("is undone, in whichever letters it is written", async () => {
    expect(await decode(pack(content), coding)).toEqual(whole);
    expect(await decode(pack(content), ` ${coding.toUpperCase()} `)).toEqual(whole);
  });

  test("may give out as much as the limit says and not one byte more", async () => {
    expect((await decode(pack(Buffer.alloc(limit, "x")), coding)).text).toHaveLength(limit);
    const larger = decodeContent(pack(Buffer.alloc(limit + 1, "x")), coding, limit);
    expect(isTooLarge(await larger.catch((error: unknown) => error))).toBe(true);
  });

  test("a bomb is too large", async () => {
    const bomb = pack(Buffer.alloc(20_000_000));
    expect(bomb.length).toBeLessThan(50_000);
    expect(isTooLarge(await decodeContent(bomb, coding, limit).catch((error: unknown) => error))).toBe(true);
  });

  test("a bomb within a bomb is too large at the layer that grows", async () => {
    const bomb = pack(pack(Buffer.alloc(20_000_000)));
    const error: unknown = await decodeContent(bomb, `${coding}, ${coding}`, limit).catch((reason: unknown) => reason);
    expect(isTooLarge(error)).toBe(true);
  });

  test("what is damaged is told from what is too large, and left as it is", async () => {
    const damaged = Buffer.concat([pack(content).subarray(0, 2), Buffer.alloc(20, 0xff)]);
    expect((await decodeContent(damaged, coding, limit)).undecoded).toBe(coding);
    expect((await decodeContent(damaged, coding, limit)).content).toEqual(damaged);
  });

  test("text that was never packed is left as it is", async () => {
    expect(await decode(content, coding)).toEqual({ ...whole, undecoded: coding });
  });

  test("a body that is empty is empty", async () => {
    expect(await decode(Buffer.alloc(0), coding)).toEqual({ text: "", undecoded: null });
  });
});

test.each<[name: string, body: Buffer, label: string | string[] | undefined]>([
  ["nothing is packed", content, undefined],
  ["the label is empty", content, ""],
  ["the label is identity", content, "identity"],
  ["gzip has its old name (RFC 9110, section 8.4.1.3)", gzipSync(content), "x-gzip"],
  [
    "gzip has two members (RFC 1952, section 2.2)",
    Buffer.concat([gzipSync("{"), gzipSync(content.subarray(1))]),
    "gzip",
  ],
  ["gzip lacks its end", gzipSync(content).subarray(0, -8), "gzip"],
  ["something follows after gzip", Buffer.concat([gzipSync(content), Buffer.alloc(30)]), "gzip"],
  ["gzip has no label", gzipSync(content), undefined],
  ["there are two layers of gzip and one label", gzipSync(gzipSync(content)), "gzip"],
  ["deflate has a small window (RFC 1950)", deflateSync(content, { windowBits: 9 }), "deflate"],
  ["deflate has no frame", deflateRawSync(content), "deflate"],
  ["deflate has no frame and nothing in it is packed", deflateRawSync(content, { level: 0 }), "deflate"],
  ["deflate lacks its end", deflateSync(content).subarray(0, -4), "deflate"],
  ["codings are undone from the last to the first", brotliCompressSync(gzipSync(content)), "gzip, br"],
  ["they stand in several fields", brotliCompressSync(gzipSync(content)), ["gzip", "br"]],
  ["one of them is identity", gzipSync(content), "identity, ,gzip"],
])("all is undone where %s", async (_name, body, label) => {
  expect(await decode(body, label)).toEqual(whole);
});

test.each<[name: string, body: Buffer, label: string, undecoded: string]>([
  ["a coding that nobody knows", content, "compress", "compress"],
  ["a charset", content, "UTF-8", "utf-8"],
  ["a charset beside a coding", gzipSync(content), "utf-8, gzip", "utf-8"],
  ["a label that is no token", content, "gz ip\u00ff", "unknown"],
  ["a label that is very long", content, "x".repeat(41), "unknown"],
])("%s is named, and what was undone until then is kept", async (_name, body, label, undecoded) => {
  expect(await decode(body, label)).toEqual({ ...whole, undecoded });
});

test("more than five codings are not undone", async () => {
  const times = (count: number) => Array.from({ length: count }, () => "gzip").join(",");
  let body = content;
  for (let layer = 0; layer < 5; layer++) body = gzipSync(body);
  expect(await decode(body, times(5))).toEqual(whole);
  body = gzipSync(body);
  expect((await decodeContent(body, times(6), limit)).undecoded).toBe("unknown");
  expect((await decodeContent(body, times(3_000), limit)).content).toEqual(body);
});

test("zstd with a window of more than 8 MiB is not undone (RFC 9659, section 3)", async () => {
  const params = { [constants.ZSTD_c_windowLog]: 25, [constants.ZSTD_c_contentSizeFlag]: 0 };
  const body = zstdCompressSync(Buffer.alloc(20_000_000), { params });
  expect((await decodeContent(body, "zstd", limit)).undecoded).toBe("zstd");
});

describe("the text of a body", () => {
  const text = '{"name":"grüße €"}';
  const le = (value: string) => Buffer.from(value, "utf16le");
  test.each<[name: string, body: Buffer]>([
    ["UTF-8", Buffer.from(text)],
    ["UTF-8 with a mark", Buffer.from(`\ufeff${text}`)],
    ["UTF-16 with a mark", le(`\ufeff${text}`)],
    ["UTF-16 without", le(text)],
    ["big-endian UTF-16 with a mark", le(`\ufeff${text}`).swap16()],
    ["big-endian UTF-16 without", le(text).swap16()],
  ])("is read from %s", (_name, body) => {
    expect(decodeText(body)).toBe(text);
  });

  test.each<[name: string, body: Buffer, text: string]>([
    ["nothing", Buffer.alloc(0), ""],
    ["one byte", Buffer.from("x"), "x"],
    ["one zero byte", Buffer.from([0]), "\ufffd"],
    ["a mark alone", Buffer.from("\ufeff"), ""],
    ["bytes that are no UTF-8", Buffer.from([0x22, 0xfc, 0x22]), '"\ufffd"'],
    ["half of a pair", Buffer.from([0x22, 0, 0xd8]), '"\ufffd'],
  ])("is found in %s", (_name, body, found) => {
    expect(decodeText(body)).toBe(found);
  });
});
