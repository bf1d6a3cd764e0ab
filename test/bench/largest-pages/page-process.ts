import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a server saw of its event loop, in milliseconds. */
export interface LoopDelay {
  /** How late it was. */
  readonly p50: number;
  readonly p99: number;
  /** How much of the processor its thread used from one look to the next. */
  readonly busyP99: number;
  readonly busyMax: number;
}

/** A server in a process of its own that is asked for the delay of its event loop. */
export class PageProcess implements AsyncDisposable {
  readonly origin: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.origin = `http://127.0.0.1:${port}`;
  }

  static async start(environment: Readonly<Record<string, string>>): Promise<PageProcess> {
    const module = fileURLToPath(new URL("./page-server.ts", import.meta.url));
    const child = fork(module, { env: { ...environment }, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const [port] = (await once(child, "message")) as [number];
    return new PageProcess(child, port);
  }

  /** The delays since the last call. */
  async loopDelay(): Promise<LoopDelay> {
    const answered = once(this.#child, "message");
    this.#child.send("delay");
    const [delay] = (await answered) as [LoopDelay];
    return delay;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
