import { randomBytes, type KeyObject } from "node:crypto";
import { nonceLength, open, seal, tagLength } from "./xaes-256-gcm.ts";

/*
 * version 01 | algorithm 01 | key id u32be | nonce 24 bytes | ciphertext | tag 16 bytes
 * AAD = "cv1" ‖ the first 6 bytes ‖ the context, each part with its length as u32be before it
 * plaintext = u32be length ‖ value, padded with zeros to a multiple of 256 bytes
 */

const version = 1;
/** XAES-256-GCM. */
const algorithm = 1;
const headerLength = 6;
const blockLength = 256;

/** Where a value stands. It is authenticated with the value, so that a value moved elsewhere does not open. */
export type SealingContext = readonly (string | number)[];

/** A sealed value that does not open: changed, moved, cut short, or sealed with another key than its id says. */
export class UnsealError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UnsealError";
  }
}

function header(keyId: number): Buffer {
  const bytes = Buffer.from([version, algorithm, 0, 0, 0, 0]);
  bytes.writeUInt32BE(keyId, 2);
  return bytes;
}

function lengthPrefix(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

function additionalData(head: Uint8Array, context: SealingContext): Buffer {
  const parts = context.flatMap((part) => {
    const bytes = Buffer.from(String(part));
    return [lengthPrefix(bytes.length), bytes];
  });
  return Buffer.concat([Buffer.from("cv1"), head, ...parts]);
}

/** Seals a value under a key and binds it to its place. */
export function sealValue(keyId: number, key: KeyObject, value: Uint8Array, context: SealingContext): Buffer {
  const padded = Buffer.alloc(Math.ceil((4 + value.length) / blockLength) * blockLength);
  padded.writeUInt32BE(value.length);
  padded.set(value, 4);
  const head = header(keyId);
  const nonce = randomBytes(nonceLength);
  return Buffer.concat([head, nonce, seal(key, nonce, padded, additionalData(head, context))]);
}

/**
 * The id of the key that a value was sealed with.
 * @throws UnsealError if the bytes are not of this format.
 */
export function sealedKeyId(sealed: Uint8Array): number {
  if (sealed.length < headerLength + nonceLength + tagLength) throw new UnsealError("The sealed value is cut short.");
  if (sealed[0] !== version || sealed[1] !== algorithm)
    throw new UnsealError("The sealed value has an unknown format.");
  return Buffer.from(sealed.buffer, sealed.byteOffset, headerLength).readUInt32BE(2);
}

/**
 * Opens a sealed value at the place that it was sealed for.
 * @throws UnsealError
 */
export function openValue(key: KeyObject, sealed: Uint8Array, context: SealingContext): Buffer {
  const head = header(sealedKeyId(sealed));
  const nonce = sealed.subarray(headerLength, headerLength + nonceLength);
  let padded: Buffer;
  try {
    padded = open(key, nonce, sealed.subarray(headerLength + nonceLength), additionalData(head, context));
  } catch (error) {
    throw new UnsealError("The sealed value was changed, moved, or sealed with another key.", { cause: error });
  }
  return padded.subarray(4, 4 + padded.readUInt32BE(0));
}
