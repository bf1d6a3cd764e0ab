import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const closedNetwork = new URL("../../support/closed-network.ts", import.meta.url).href;

type Environment = Readonly<Record<string, string>>;

/** A process that is killed without warning. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;

  constructor(module: URL, args: readonly string[], environment: Environment) {
    this.#process = fork(fileURLToPath(module), [...args], {
      env: { ...environment },
      execArgv: ["--import", closedNetwork],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
  }

  /** The port that a server tells once it listens. */
  async port(): Promise<number> {
    const stopped = new AbortController();
    const [told] = (await Promise.race([
      once(this.#process, "message", stopped),
      once(this.#process, "exit", stopped).then(() => [null]),
    ])) as [number | null];
    stopped.abort();
    if (told === null) throw new Error("a process ended before it listened; its stderr says why");
    return told;
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
