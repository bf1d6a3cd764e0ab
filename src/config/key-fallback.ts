import {
  type DevelopmentKeys,
  DevelopmentKeysError,
  drawDevelopmentKeys,
  findDevelopmentKeys,
  readDevelopmentKeys,
} from "./development-keys.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

/** A value that a shell turns into a key. */
export const exampleKey = "$(openssl rand -base64 32)";

/** Where a key comes from that no variable gives. Null: from nowhere, and the fault is noted. */
export interface KeyFallback {
  encryptionKey(): string | null;
  jwtSecret(): string | null;
}

/** Production: nothing is generated. */
export function noFallback(reader: EnvironmentReader): KeyFallback {
  const refuse = (name: string, problem: string) => {
    reader.fault(name, problem, exampleKey);
    return null;
  };
  const keep = "32 random bytes that you keep as safely as a backup";
  return {
    encryptionKey: () => refuse("CREDENTIAL_ENCRYPTION_KEY", `is required in production: ${keep}.`),
    jwtSecret: () => refuse("AUTH_JWT_SECRET", "is required in production, or AUTH_JWKS_URL."),
  };
}

/**
 * Reads the folder when the first key is asked of it, so that a server with keys of its own needs no file.
 * @param onMissing called where the folder has no keys, and then none are put there; null: they are
 */
export function developmentFallback(
  reader: EnvironmentReader,
  dataDir: string,
  onMissing: (() => void) | null,
): KeyFallback {
  let keys: DevelopmentKeys | null | undefined;
  const read = () => {
    try {
      if (onMissing === null) return readDevelopmentKeys(dataDir);
      const found = findDevelopmentKeys(dataDir);
      if (found === null) onMissing();
      return found ?? drawDevelopmentKeys();
    } catch (error) {
      if (!(error instanceof DevelopmentKeysError)) throw error;
      reader.fault("DATA_DIR", error.message, ".data-new");
      return null;
    }
  };
  const get = () => (keys === undefined ? (keys = read()) : keys);
  return { encryptionKey: () => get()?.encryptionKey ?? null, jwtSecret: () => get()?.jwtSecret ?? null };
}
