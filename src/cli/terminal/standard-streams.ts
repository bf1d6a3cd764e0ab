/** Why stdout takes nothing more. */
export interface OutputFault {
  readonly code: string;
  /** The reader has left, as `head` does: nobody misses the rest. */
  readonly isClosed: boolean;
}

let fault: OutputFault | null = null;
let isIgnored = false;

function remember(error: NodeJS.ErrnoException): void {
  const { code = "unknown" } = error;
  // What is written after the first failure fails because of it.
  fault ??= { code, isClosed: code === "EPIPE" || code === "ECONNRESET" };
}

/** For a server, to which an output that takes nothing more is no reason to end, then and later. */
export function ignoreOutputFaults(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  isIgnored = true;
}

/** What keeps stdout from taking more; null while nothing does. */
export function outputFault(): OutputFault | null {
  return isIgnored ? null : fault;
}

/**
 * Keeps what happens to stdout and stderr from ending the program: the work goes on, and its end tells of the output.
 * Of stderr nothing can be told anywhere.
 */
export function watchStreams(): Disposable {
  const { stdout, stderr } = process;
  const ignore = () => {};
  fault = null;
  isIgnored = false;
  stdout.on("error", remember);
  stderr.on("error", ignore);
  return {
    [Symbol.dispose]: () => {
      stdout.off("error", remember);
      stderr.off("error", ignore);
    },
  };
}

/** Resolves once stdout has taken, or refused, all that was written to it. */
export async function flushOutput(): Promise<void> {
  const { stdout } = process;
  if (!stdout.destroyed) await new Promise<void>((resolve) => stdout.write("", () => resolve()));
  // A stream tells of an error a turn after it has called back.
  await new Promise(setImmediate);
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "its disk is full",
  EDQUOT: "the disk quota of this user is used up",
  EFBIG: "the file is as large as it may be",
  EIO: "the device has an error",
  EBADF: "it is closed",
};

export function describeOutputFault({ code }: OutputFault): string {
  const reason = reasons[code];
  return `The output cannot be written (stdout): ${reason === undefined ? code : `${reason} (${code})`}.`;
}
