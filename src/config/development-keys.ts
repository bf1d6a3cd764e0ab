import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { assertTrustedFile, assertTrustedFolder, makeWritableFolder } from "../lib/writable-folder.ts";

const developmentKeysFile = "development-keys.json";

const DevelopmentKeysShape = z.object({
  encryptionKey: z.string().regex(/^[\w+/]{43}=$/),
  jwtSecret: z.string().regex(/^[\w-]{43}$/),
});

/** Keys that the server makes for itself outside production. */
export type DevelopmentKeys = Readonly<z.infer<typeof DevelopmentKeysShape>>;

/** The file is there and holds no keys. It is left as it is, since credentials may be sealed with what it held. */
export class DevelopmentKeysError extends Error {
  constructor(path: string) {
    super(
      `the file ${path} is damaged. Restore it from a backup. Without it the stored credentials cannot be read; ` +
        "to begin anew, choose another folder.",
    );
    this.name = "DevelopmentKeysError";
  }
}

/** Keys that are kept nowhere. */
export function drawDevelopmentKeys(): DevelopmentKeys {
  return { encryptionKey: randomBytes(32).toString("base64"), jwtSecret: randomBytes(32).toString("base64url") };
}

function create(path: string): void {
  const keys = drawDevelopmentKeys();
  // Written whole beside its place and then linked: of two processes that start at once, one wins and both read its
  // keys. Not named after the process: in two containers with one volume, both are process 1.
  const draft = `${path}.${randomUUID()}`;
  try {
    writeFileSync(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: "wx", flush: true });
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function parse(text: string): DevelopmentKeys | null {
  try {
    return DevelopmentKeysShape.parse(JSON.parse(text));
  } catch {
    // Not even as a cause: a SyntaxError quotes the text, and the text may be a key.
    return null;
  }
}

/**
 * The development keys of a data folder, where it has some. Writes nothing.
 * @throws DevelopmentKeysError, or an OperatorError for what somebody else may have put there
 */
export function findDevelopmentKeys(dataDir: string): DevelopmentKeys | null {
  const path = join(dataDir, developmentKeysFile);
  if (!existsSync(path)) return null;
  assertTrustedFolder(dataDir);
  assertTrustedFile(path);
  const keys = parse(readFileSync(path, "utf8"));
  if (keys === null) throw new DevelopmentKeysError(path);
  return keys;
}

/**
 * The development keys of a data folder; made on first use, mode 0600, and never replaced: credentials are sealed with
 * them.
 * @throws DevelopmentKeysError, FolderRefusedError, or an OperatorError for what somebody else may have put there
 */
export function readDevelopmentKeys(dataDir: string): DevelopmentKeys {
  const path = join(dataDir, developmentKeysFile);
  if (!existsSync(path)) {
    makeWritableFolder(dataDir);
    create(path);
  }
  return findDevelopmentKeys(dataDir)!;
}
