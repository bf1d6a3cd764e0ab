/** Aborts by the first Ctrl-C or SIGTERM, so that the work ends between two steps; a second one ends the process. */
export function stopSignal(): Disposable & { readonly signal: AbortSignal } {
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  const names = ["SIGINT", "SIGTERM"] as const;
  for (const name of names) process.once(name, stop);
  return {
    signal: stopped.signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, stop);
    },
  };
}
