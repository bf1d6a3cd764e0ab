/** Shows what happens now: in one line of a terminal, or line by line in a log. */
export interface Progress extends Disposable {
  readonly show: (step: string) => void;
  readonly clear: () => void;
}

/** Writes to stderr, so that stdout holds the results alone. */
export function createProgress(): Progress {
  const { stderr } = process;
  const started = Date.now();
  const clear = () => {
    if (stderr.isTTY) stderr.write("\r\x1b[2K");
  };
  const show = (step: string) => {
    clear();
    const seconds = Math.round((Date.now() - started) / 1000);
    stderr.write(`${String(seconds).padStart(4)} s  ${step}${stderr.isTTY ? "" : "\n"}`);
  };
  return { show, clear, [Symbol.dispose]: clear };
}
