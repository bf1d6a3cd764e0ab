import { statfsSync } from "node:fs";
import { OperatorError } from "../errors/operator-error.ts";

/** Bytes that must be free: a segment of the write-ahead log (16 MiB), and a little more. */
const neededBytes = 20 * 1024 * 1024;
const intervalMs = 250;

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** The refusal to work on a folder whose disk is as good as full; null where there is room. */
export function explainFullDisk(folder: string): OperatorError | null {
  const free = freeBytes(folder);
  if (free >= neededBytes) return null;
  return new OperatorError(
    `The disk of ${folder} is full: ${Math.floor(free / 1024 / 1024)} MiB are left, and the embedded database needs ${neededBytes / 1024 / 1024}.`,
    "Free some space and start again. Everything that was acknowledged is kept.",
  );
}

/**
 * Watches the disk of an embedded database. PostgreSQL panics where it cannot make the next segment of its log, and
 * PGlite, which has no other process to panic in, then computes for ever: nothing else of the server runs, not even a
 * signal's handler. So the database is given up before that can happen.
 */
export class DiskWatch implements Disposable {
  readonly #folder: string;
  readonly #timer: NodeJS.Timeout;
  readonly #failed = Promise.withResolvers<OperatorError>();
  #failure: OperatorError | null = null;

  constructor(folder: string) {
    this.#folder = folder;
    this.#timer = setInterval(() => this.look(), intervalMs).unref();
  }

  /** Why no statement may be sent any more; null while there is room. */
  get failure(): OperatorError | null {
    return this.#failure;
  }

  /** Resolves once no statement may be sent any more. */
  get failed(): Promise<OperatorError> {
    return this.#failed.promise;
  }

  /** @returns the failure, if there is one by now. */
  look(): OperatorError | null {
    if (this.#failure !== null) return this.#failure;
    this.#failure = explainFullDisk(this.#folder);
    if (this.#failure !== null) {
      clearInterval(this.#timer);
      this.#failed.resolve(this.#failure);
    }
    return this.#failure;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
