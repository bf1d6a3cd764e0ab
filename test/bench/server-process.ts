import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A server in a process of its own, so that load and server do not share an event loop. */
export interface ServerProcess extends AsyncDisposable {
  readonly origin: string;
}

const endTimeoutMs = 8_000;

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGKILL"), endTimeoutMs);
  if (child.connected) child.disconnect();
  await ended;
  clearTimeout(timer);
}

/**
 * Starts a module that calls `reportPort`. Of this process's environment it gets nothing but what `environment` names.
 * @throws Error if the module ends before it listens; its stderr has said why.
 */
export async function startServerProcess(
  module: URL,
  environment: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const child = fork(fileURLToPath(module), { env: environment, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ready = Promise.withResolvers<number>();
  child.once("message", (port) => ready.resolve(port as number));
  child.once("error", ready.reject);
  child.once("exit", (code, signal) =>
    ready.reject(new Error(`${module.pathname.split("/").at(-1)} ended with ${signal ?? code} before it listened`)),
  );
  const port = await ready.promise;
  return { origin: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => end(child) };
}
