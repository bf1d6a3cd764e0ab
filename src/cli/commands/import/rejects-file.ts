import { type FileHandle, open, stat } from "node:fs/promises";
import { OperatorError } from "../../../errors/operator-error.ts";
import { describeFileFault } from "../../input-file.ts";

function cannotWrite(file: string, error: unknown): OperatorError {
  const { code } = error as NodeJS.ErrnoException;
  const cure =
    code === "ENOSPC" || code === "EDQUOT"
      ? "Free some space there, or name a file on another disk with --rejects."
      : "Name a file that this user may write with --rejects.";
  return new OperatorError(`The rejects cannot be written to ${file} ${describeFileFault(error)}.`, cure, {
    cause: error,
  });
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map((file) => stat(file).catch(() => null)));
  return first != null && second != null && first.isFile() && first.dev === second.dev && first.ino === second.ino;
}

/**
 * The file of `--rejects`, opened before the work: it must not turn out at the end that nothing can be written there.
 */
export class RejectsFile implements AsyncDisposable {
  readonly #file: string;
  readonly #handle: FileHandle;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /** @param input what is imported, which the rejects must not overwrite. @throws OperatorError */
  static async open(file: string, input: string | null): Promise<RejectsFile> {
    if (input !== null && (await isSameFile(file, input))) {
      throw new OperatorError(`--rejects names ${file}, which is the file to import.`, "Name another file.");
    }
    try {
      return new RejectsFile(file, await open(file, "w", 0o600));
    } catch (error) {
      throw cannotWrite(file, error);
    }
  }

  /** Writes each as a line of JSON. @returns what kept it from that, which is no reason to tell nothing else */
  async write(items: readonly object[]): Promise<OperatorError | null> {
    try {
      for (const item of items) await this.#handle.write(`${JSON.stringify(item)}\n`);
      return null;
    } catch (error) {
      return cannotWrite(this.#file, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
