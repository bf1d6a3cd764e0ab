import { exitCodes } from "./exit-code.ts";

type EndingSignal = "SIGINT" | "SIGTERM";

export const signalCodes: Readonly<Record<EndingSignal, number>> = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
};

type Handler = (signal: EndingSignal) => void;

/** Everything that was committed is kept; the rest is undone by the next start. */
const end: Handler = (signal) => process.exit(signalCodes[signal]);

let handler: Handler = end;

/**
 * Makes Ctrl-C and SIGTERM end the program with their exit codes. Node would do so too, except as PID 1 of a container,
 * to whom the kernel gives no default action.
 */
export function watchSignals(): Disposable {
  const listeners = (Object.keys(signalCodes) as EndingSignal[]).map((signal) => {
    const listener = () => handler(signal);
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  });
  handler = end;
  return { [Symbol.dispose]: () => listeners.forEach((remove) => remove()) };
}

/** Lets a piece of work end in good order by the first signal, until it is disposed of; a second one ends at once. */
export function handleSignals(onSignal: Handler): Disposable {
  const before = handler;
  handler = (signal) => {
    handler = (second) => {
      process.stderr.write("Cut short. Everything stored is kept.\n");
      end(second);
    };
    onSignal(signal);
  };
  return { [Symbol.dispose]: () => void (handler = before) };
}

/** For a server, which has handlers of its own from now on. */
export function leaveSignals(): void {
  handler = () => {};
}
