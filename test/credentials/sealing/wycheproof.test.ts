import { createCipheriv, createDecipheriv } from "node:crypto";
import { describe, expect, test } from "vitest";
import wycheproof from "./wycheproof-aes-256-gcm.json" with { type: "json" };

// XAES-256-GCM is AES-256-GCM under a derived key, so its safety rests on how node:crypto's AES-256-GCM treats the
// tags that Project Wycheproof has bent. The options are those of xaes-256-gcm.ts.
const options = { authTagLength: 16 };

const vectors = wycheproof.tests.map(({ tcId, comment, result, ...hex }) => ({
  tcId,
  comment: comment || "pseudorandom",
  valid: result === "valid",
  key: Buffer.from(hex.key, "hex"),
  iv: Buffer.from(hex.iv, "hex"),
  aad: Buffer.from(hex.aad, "hex"),
  plaintext: Buffer.from(hex.msg, "hex"),
  ciphertext: Buffer.from(hex.ct, "hex"),
  tag: Buffer.from(hex.tag, "hex"),
}));
type Vector = (typeof vectors)[number];

function encrypt({ key, iv, aad, plaintext }: Vector): { ciphertext: Buffer; tag: Buffer } {
  const cipher = createCipheriv("aes-256-gcm", key, iv, options).setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { ciphertext, tag: cipher.getAuthTag() };
}

function decrypt({ key, iv, aad, ciphertext, tag }: Vector): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, iv, options).setAAD(aad).setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

const valid = vectors.filter((vector) => vector.valid);
const invalid = vectors.filter((vector) => !vector.valid);

test("the file holds the whole group", () => {
  expect([valid.length, invalid.length]).toEqual([21, 27]);
});

describe("a valid message is sealed to the published bytes and opens again", () => {
  test.each(valid)("$tcId: $comment", (vector) => {
    expect(encrypt(vector)).toEqual({ ciphertext: vector.ciphertext, tag: vector.tag });
    expect(decrypt(vector)).toEqual(vector.plaintext);
  });
});

describe("a bent tag is refused", () => {
  test.each(invalid)("$tcId: $comment", (vector) => {
    expect(() => decrypt(vector)).toThrow(/unable to authenticate/);
  });
});

test.each([4, 8, 12, 13, 14, 15])("with authTagLength a tag of %i bytes is refused before it is compared", (length) => {
  for (const vector of valid) {
    expect(() => decrypt({ ...vector, tag: vector.tag.subarray(0, length) })).toThrow(/Invalid authentication tag/);
  }
});
