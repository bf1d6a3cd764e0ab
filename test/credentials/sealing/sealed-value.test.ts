import { createSecretKey, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openValue, sealedKeyId, sealValue, UnsealError } from "../../../src/credentials/sealing/sealed-value.ts";

const key = createSecretKey(randomBytes(32));
const context = ["provider_credentials", "credentials", "row-1", "alice", "anthropic", "api_key", 1];
const value = Buffer.from('{"apiKey":"sk-ant-api03-0123456789"}');

test("a sealed value has version, algorithm, key id, nonce, ciphertext in blocks of 256 bytes, and tag", () => {
  const sealed = sealValue(0x01020304, key, value, context);
  expect([...sealed.subarray(0, 6)]).toEqual([1, 1, 1, 2, 3, 4]);
  expect(sealed.length).toBe(6 + 24 + 256 + 16);
  expect(sealedKeyId(sealed)).toBe(0x01020304);
  expect(sealValue(1, key, Buffer.alloc(253), context).length).toBe(6 + 24 + 512 + 16);
});

test("what was sealed opens at its place, whatever it is", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.array(fc.string()), (bytes, place) => {
      expect(openValue(key, sealValue(7, key, bytes, place), place)).toEqual(Buffer.from(bytes));
    }),
  );
});

test("equal values look different each time", () => {
  expect(sealValue(1, key, value, context)).not.toEqual(sealValue(1, key, value, context));
});

test("a value with any bit changed does not open", () => {
  const sealed = sealValue(1, key, value, context);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7));
    expect(() => openValue(key, changed, context), `bit ${bit}`).toThrow(UnsealError);
  }
});

test("a value of any shorter length does not open", () => {
  const sealed = sealValue(1, key, value, context);
  for (let length = 0; length < sealed.length; length++) {
    expect(() => openValue(key, sealed.subarray(0, length), context), `length ${length}`).toThrow(UnsealError);
  }
});

test("a value does not open in another row, column, table, for another user, provider or method, or as an older version", () => {
  const sealed = sealValue(1, key, value, context);
  for (const [index, part] of context.entries()) {
    const elsewhere = context.with(index, typeof part === "number" ? part + 1 : `${part}x`);
    expect(() => openValue(key, sealed, elsewhere), `part ${index}`).toThrow(UnsealError);
  }
});

test("a text cannot be shifted from one part of the place to the next", () => {
  const sealed = sealValue(1, key, value, ["ab", "c"]);
  for (const place of [["a", "bc"], ["abc"], ["abc", ""], ["ab", "c", ""]]) {
    expect(() => openValue(key, sealed, place)).toThrow(UnsealError);
  }
});

test("a value does not open with another key", () => {
  expect(() => openValue(createSecretKey(randomBytes(32)), sealValue(1, key, value, context), context)).toThrow(
    UnsealError,
  );
});
