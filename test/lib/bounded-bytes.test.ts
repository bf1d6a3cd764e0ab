import { expect, test } from "vitest";
import { BoundedBytes, ByteBoundsError } from "../../src/lib/bounded-bytes.ts";

const pieces = (count: number, size: number) => Array.from({ length: count }, (_, index) => Buffer.alloc(size, index));

function collect(bounds: { bytes: number; pieces: number }, parts: readonly Buffer[]): Buffer {
  const bytes = new BoundedBytes(bounds);
  for (const part of parts) bytes.add(part);
  return bytes.bytes;
}

test.each([
  [1, 1],
  [1, 5_000],
  [5_000, 1],
  [3, 1_000],
])("%i pieces of %i bytes come out as they went in", (count, size) => {
  const parts = pieces(count, size);
  expect(collect({ bytes: 5_000, pieces: 5_000 }, parts).equals(Buffer.concat(parts))).toBe(true);
});

test("nothing of a piece is kept but its bytes", () => {
  const large = Buffer.alloc(65_536, 1);
  const { bytes } = new BoundedBytes({ bytes: 100, pieces: 10 });
  const kept = collect({ bytes: 100, pieces: 10 }, [large.subarray(0, 10)]);
  large.fill(2);
  expect([bytes.length, kept.equals(Buffer.alloc(10, 1)), kept.buffer.byteLength]).toEqual([0, true, 100]);
});

test.each([
  ["bytes", { bytes: 10, pieces: 100 }, pieces(11, 1)],
  ["bytes", { bytes: 10, pieces: 100 }, pieces(1, 11)],
  ["pieces", { bytes: 100, pieces: 10 }, pieces(11, 1)],
  ["pieces", { bytes: 100, pieces: 10 }, pieces(11, 0)],
] as const)("one too many of the %s is refused, and the limit is named", (kind, bounds, parts) => {
  expect(() => collect(bounds, parts)).toThrow(new ByteBoundsError(kind, 10));
  expect(collect(bounds, parts.slice(1)).length).toBeLessThanOrEqual(10);
});
