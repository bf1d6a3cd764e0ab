import { createHash } from "node:crypto";
import type { KeyEncryptionKey } from "../credentials/sealing/key-wrapper.ts";
import { withoutQuotes } from "../lib/pasted-text.ts";
import { Secret } from "../lib/secret.ts";
import type { EnvironmentReader } from "./environment-reader.ts";
import { exampleKey, type KeyFallback } from "./key-fallback.ts";

/** Reads 32 bytes written as hex or base64 (either alphabet). */
function decodeKey(text: string): Buffer | null {
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, "hex") : Buffer.from(text, "base64");
  // Buffer.from stops at the padding and takes whatever follows it.
  return bytes.length === 32 && /^[\w+/-]+={0,2}$/.test(text) ? bytes : null;
}

/** A key without a name is named after its content, so that a wrong key never passes for the right one. */
export function keyEncryptionKeyId(bytes: Uint8Array): string {
  return createHash("sha256").update("maestro-auth key id").update(bytes).digest("hex").slice(0, 8);
}

export function readEncryptionKeys(reader: EnvironmentReader, fallback: KeyFallback): KeyEncryptionKey[] {
  const name = "CREDENTIAL_ENCRYPTION_KEY";
  const value = reader.text(name) ?? fallback.encryptionKey();
  if (value === null) return [];
  const keys: KeyEncryptionKey[] = [];
  for (const [index, part] of value
    .split(",")
    .map((text) => text.trim())
    .entries()) {
    const [, id, text] = /^(?:([\w-]{1,32}):)?(.*)$/s.exec(part)!;
    const bytes = decodeKey(text!);
    if (bytes === null) {
      // Quotes around the whole list are complained of before.
      const isQuoted = withoutQuotes(text!) !== null;
      const problem = isQuoted ? "is in quotes, which are taken as part of it" : "is not 32 bytes in base64 or hex";
      reader.fault(name, `key ${index + 1} ${problem}.`, exampleKey);
      continue;
    }
    keys.push({ id: id ?? keyEncryptionKeyId(bytes), bytes: new Secret(bytes.toString("hex")) });
  }
  if (new Set(keys.map((key) => key.id)).size < keys.length) {
    reader.fault(name, "two keys have the same id.", `new:${exampleKey},old:${exampleKey}`);
  }
  return keys;
}
