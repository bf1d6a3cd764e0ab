import { createHash, createSecretKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyLength, nonceLength, open, seal, tagLength } from "../../../src/credentials/sealing/xaes-256-gcm.ts";

const none = new Uint8Array();
const notAuthentic = /unable to authenticate/;

/** The second published vector of C2SP: a short message with additional data. */
const vector = {
  key: Buffer.alloc(keyLength, 0x03),
  nonce: Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWX"),
  plaintext: Buffer.from("XAES-256-GCM"),
  aad: Buffer.from("c2sp.org/XAES-256-GCM"),
  ciphertext: Buffer.from("986ec1832593df5443a17943", "hex"),
  tag: Buffer.from("7fd083bf3fdb41abd740a21f71eb769d", "hex"),
};

function openVector(changes: Partial<typeof vector>): Buffer {
  const { key, nonce, ciphertext, tag, aad } = { ...vector, ...changes };
  return open(createSecretKey(key), nonce, Buffer.concat([ciphertext, tag]), aad);
}

/** Seals `iterations` messages drawn from one SHAKE128 stream, and hashes what comes out with another. */
function accumulate(iterations: number): string {
  // node:crypto squeezes only once, so we take the longest stream that the messages can need.
  const longest = keyLength + nonceLength + 2 * (1 + 255);
  const stream = createHash("shake128", { outputLength: iterations * longest }).digest();
  let offset = 0;
  const take = (length: number) => stream.subarray(offset, (offset += length));

  const result = createHash("shake128", { outputLength: 32 });
  for (let i = 0; i < iterations; i++) {
    const key = createSecretKey(take(keyLength));
    const nonce = take(nonceLength);
    const plaintext = take(take(1)[0]!);
    const aad = take(take(1)[0]!);
    const sealed = seal(key, nonce, plaintext, aad);
    // Not `expect`, whose cost would be most of a million rounds.
    if (!open(key, nonce, sealed, aad).equals(plaintext)) throw new Error(`Message ${i} came back changed`);
    result.update(sealed);
  }
  return result.digest("hex");
}

describe("published vectors (https://c2sp.org/XAES-256-GCM)", () => {
  // CMAC doubles a block to get its subkey; the second vector is the one where that overflows.
  const withoutCarry = {
    key: Buffer.alloc(keyLength, 0x01),
    aad: none,
    sealed: "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271",
  };
  const withCarry = {
    key: vector.key,
    aad: vector.aad,
    sealed: Buffer.concat([vector.ciphertext, vector.tag]).toString("hex"),
  };

  test.each([withoutCarry, withCarry])("seals and opens $sealed", ({ key, aad, sealed }) => {
    const secret = createSecretKey(key);
    expect(seal(secret, vector.nonce, vector.plaintext, aad).toString("hex")).toBe(sealed);
    expect(open(secret, vector.nonce, Buffer.from(sealed, "hex"), aad)).toEqual(vector.plaintext);
  });

  test("10,000 random messages accumulate to the published hash", () => {
    expect(accumulate(10_000)).toBe("e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
  }, 60_000);

  // More than a minute, and half a gigabyte of stream: run it with TEST_SLOW=1 when this code or Node's OpenSSL
  // changes.
  test.runIf(process.env.TEST_SLOW === "1")(
    "1,000,000 random messages accumulate to the published hash",
    () => {
      expect(accumulate(1_000_000)).toBe("2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15");
    },
    600_000,
  );
});

test("what was sealed opens again, and is longer by exactly the tag", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const message = fc.uint8Array({ maxLength: 2048 });
  fc.assert(
    fc.property(bytes(keyLength), bytes(nonceLength), message, message, (keyBytes, nonce, plaintext, aad) => {
      const key = createSecretKey(keyBytes);
      const sealed = seal(key, nonce, plaintext, aad);
      expect(sealed).toHaveLength(plaintext.length + tagLength);
      expect(open(key, nonce, sealed, aad)).toEqual(Buffer.from(plaintext));
    }),
  );
});

describe("a message that is not the sealed one is refused", () => {
  test.each(["key", "nonce", "ciphertext", "tag", "aad"] as const)("any flipped bit of the %s", (part) => {
    for (let bit = 0; bit < vector[part].length * 8; bit++) {
      const flipped = Buffer.from(vector[part]);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => openVector({ [part]: flipped }), `bit ${bit}`).toThrow(notAuthentic);
    }
  });

  test.each([0, 4, 8, 12, 15])("a tag cut to %i bytes, which GCM itself may allow", (length) => {
    const tag = vector.tag.subarray(0, length);
    expect(() => openVector({ tag })).toThrow(/unable to authenticate|shorter than its tag/);
    expect(() => openVector({ ciphertext: Buffer.alloc(0), tag })).toThrow(RangeError);
  });

  test("additional data that is missing, cut or extended", () => {
    expect(() => openVector({ aad: Buffer.alloc(0) })).toThrow(notAuthentic);
    expect(() => openVector({ aad: vector.aad.subarray(1) })).toThrow(notAuthentic);
    expect(() => openVector({ aad: Buffer.concat([vector.aad, Buffer.alloc(1)]) })).toThrow(notAuthentic);
  });
});

test.each([0, 12, nonceLength - 1, nonceLength + 1])("a nonce of %i bytes is an error", (length) => {
  const key = createSecretKey(vector.key);
  const nonce = Buffer.alloc(length);
  expect(() => seal(key, nonce, vector.plaintext, none)).toThrow(RangeError);
  expect(() => open(key, nonce, Buffer.alloc(tagLength), none)).toThrow(RangeError);
});

test.each([16, 24])("a key of %i bytes, which AES would take, is an error", (length) => {
  const key = createSecretKey(Buffer.alloc(length));
  expect(() => seal(key, vector.nonce, vector.plaintext, none)).toThrow(/key length/i);
  expect(() => open(key, vector.nonce, Buffer.alloc(tagLength), none)).toThrow(/key length/i);
});
