import { handleSignals } from "../../signals.ts";

/** Aborts by the first Ctrl-C or SIGTERM, so that the work ends between two steps; a second one ends the process. */
export function stopSignal(): Disposable & { readonly signal: AbortSignal } {
  const stopped = new AbortController();
  const handling = handleSignals(() => stopped.abort());
  return { signal: stopped.signal, [Symbol.dispose]: () => handling[Symbol.dispose]() };
}
