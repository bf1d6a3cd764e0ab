import { randomUUID } from "node:crypto";
import { open, opendir, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { makeWritableFolder } from "../lib/writable-folder.ts";
import type { Logger } from "../observability/logger.ts";
import type { Renewal } from "./renewal.ts";

/** Longer than writing one can take, in milliseconds. */
const draftLifetimeMs = 600_000;
/** Tokens are at most some kB; sealed and in base64 a third more. */
const maxFileBytes = 1_048_576;
const format = "maestro-auth renewal 1";

/** One renewal that waits in the folder. */
export interface SpooledRenewal {
  readonly file: string;
  readonly renewal: Renewal;
}

/**
 * Keeps renewals on the disk from the moment the provider has answered until the database has them: the provider has
 * forgotten the old refresh token by then, so these files hold the only one that works, sealed like a row.
 */
export class RefreshSpool {
  readonly #folder: string;
  readonly #log: Logger;

  private constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  /** @throws FolderRefusedError */
  static open(dataDir: string, log: Logger): RefreshSpool {
    const folder = join(dataDir, "spool");
    makeWritableFolder(folder);
    return new RefreshSpool(folder, log);
  }

  /** Resolves once a loss of power could not take it away any more. @returns the file. */
  async write(renewal: Renewal): Promise<string> {
    const name = `${renewal.id}.${renewal.tokenVersion}.${randomUUID().slice(0, 8)}`;
    const draft = join(this.#folder, `${name}.new`);
    const file = join(this.#folder, `${name}.json`);
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(JSON.stringify({ format, ...renewal }));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    await this.#syncFolder();
    return file;
  }

  async remove(file: string): Promise<void> {
    await unlink(file).catch((error: NodeJS.ErrnoException) => {
      // Another process has stored and removed it.
      if (error.code !== "ENOENT") throw error;
    });
  }

  /**
   * The renewals that have waited for at least so many milliseconds; the process that wrote them may have ended. One by
   * one: a folder that fills while the database is away can have more files than a process may open or hold.
   */
  async *list(olderThanMs: number): AsyncGenerator<SpooledRenewal> {
    for await (const { name } of await opendir(this.#folder)) {
      if (name.endsWith(".new")) await this.#removeDraft(name);
      if (!name.endsWith(".json")) continue;
      const item = await this.#read(join(this.#folder, name), olderThanMs);
      if (item !== null) yield item;
    }
  }

  /** What a crash has left half written: its renewal was never told to anybody. */
  async #removeDraft(name: string): Promise<void> {
    const file = join(this.#folder, name);
    const age = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > draftLifetimeMs) await this.remove(file);
  }

  async #read(file: string, olderThanMs: number): Promise<SpooledRenewal | null> {
    try {
      const { mtimeMs, size } = await stat(file);
      if (Date.now() - mtimeMs < olderThanMs) return null;
      if (size > maxFileBytes) throw new Error(`it has ${size} bytes, and a renewal at most ${maxFileBytes}`);
      const content = JSON.parse(await readFile(file, "utf8")) as Renewal & { format: string };
      if (content.format !== format) throw new Error(`the format is not "${format}"`);
      return { file, renewal: content };
    } catch (error) {
      // Another process has stored and removed it.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      this.#log.tell("refresh.spool_unreadable", { file, err: error });
      return null;
    }
  }

  async #syncFolder(): Promise<void> {
    const handle = await open(this.#folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
