import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";

export const keyLength = 32;
export const nonceLength = 24;
export const tagLength = 16;

/**
 * The raw AES-256 block cipher, block by block and without chaining, which CMAC and the key derivation are built from.
 */
function encryptBlock(key: KeyObject, block: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

/** CMAC's subkey K1 (NIST SP 800-38B): the zero block's ciphertext, doubled in GF(2^128). */
function subkey(key: KeyObject): Buffer {
  const block = encryptBlock(key, new Uint8Array(16));
  const carry = block[0]! >> 7;
  for (let i = 0; i < 16; i++) block[i] = ((block[i]! << 1) | ((block[i + 1] ?? 0) >> 7)) & 0xff;
  block[15] = block[15]! ^ (carry * 0x87);
  return block;
}

const subkeys = new WeakMap<KeyObject, Buffer>();

/**
 * The AES-256-GCM key for one nonce: two CMAC blocks over the nonce's first twelve bytes (C2SP XAES-256-GCM, "Key
 * derivation").
 */
function deriveKey(key: KeyObject, nonce: Uint8Array): KeyObject {
  let k1 = subkeys.get(key);
  if (k1 === undefined) subkeys.set(key, (k1 = subkey(key)));
  const blocks = Buffer.alloc(32);
  for (const counter of [1, 2]) {
    const block = Buffer.from([0, counter, 0x58, 0, ...nonce.subarray(0, 12)]);
    for (let i = 0; i < 16; i++) blocks[(counter - 1) * 16 + i] = block[i]! ^ k1[i]!;
  }
  // As a Buffer it would cost Node more to take the key than to open the message.
  return createSecretKey(encryptBlock(key, blocks));
}

/**
 * Seals with XAES-256-GCM (https://c2sp.org/XAES-256-GCM). A random 24-byte nonce is safe for 2^80 messages.
 * @returns ciphertext ‖ 16-byte tag.
 * @throws RangeError if the nonce is not 24 bytes long.
 */
export function seal(key: KeyObject, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  if (nonce.length !== nonceLength) throw new RangeError(`XAES-256-GCM needs a nonce of ${nonceLength} bytes`);
  const options = { authTagLength: tagLength };
  const cipher = createCipheriv("aes-256-gcm", deriveKey(key, nonce), nonce.subarray(12), options).setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Opens what {@link seal} made.
 * @param sealed ciphertext ‖ 16-byte tag.
 * @throws Error if the key, the nonce, the additional data or any bit of the message is not the one that was sealed.
 */
export function open(key: KeyObject, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer {
  if (nonce.length !== nonceLength) throw new RangeError(`XAES-256-GCM needs a nonce of ${nonceLength} bytes`);
  if (sealed.length < tagLength) throw new RangeError("The message is shorter than its tag");
  const end = sealed.length - tagLength;
  // Without authTagLength Node accepts a tag of four bytes.
  const options = { authTagLength: tagLength };
  const decipher = createDecipheriv("aes-256-gcm", deriveKey(key, nonce), nonce.subarray(12), options);
  decipher.setAAD(aad).setAuthTag(sealed.subarray(end));
  return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
}
