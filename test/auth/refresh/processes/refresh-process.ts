import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { RefreshTarget } from "../../../../src/auth/refresh/refresh-claims.ts";
import type { ChildMessage, ChildRequest, ChildTask } from "./child.ts";

const script = fileURLToPath(new URL("child.ts", import.meta.url));
const closedNetwork = fileURLToPath(new URL("../../../support/closed-network.ts", import.meta.url));

/** A process that refreshes, as a server does. */
export class RefreshProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** Resolves to the signal that ended it, or null where it ended by itself. */
  readonly ended: Promise<NodeJS.Signals | null>;
  #output = "";
  #asked = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.ended = once(child, "exit").then(([, signal]) => signal as NodeJS.Signals | null);
    const collect = (chunk: Buffer) => (this.#output += chunk.toString());
    child.stdout!.on("data", collect);
    child.stderr!.on("data", collect);
    child.setMaxListeners(0);
  }

  /**
   * Starts it; it may have died before it is ready, where that is its task.
   * @param compileCache a folder that makes the second start and the next ones faster.
   */
  static async start(task: ChildTask, compileCache: string): Promise<RefreshProcess> {
    const child = fork(script, [JSON.stringify(task)], {
      execArgv: ["--import", closedNetwork],
      env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: compileCache },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const refreshing = new RefreshProcess(child);
    const ready = once(child, "message");
    await Promise.race([ready, refreshing.ended]);
    if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`it did not start:\n${refreshing.output}`);
    return refreshing;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Everything that it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Refreshes on demand. @returns the error's message, or null. */
  async renew(target: RefreshTarget): Promise<string | null> {
    const id = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<string | null>();
    const listen = (message: ChildMessage) => {
      if (message.type !== "renewed" || message.id !== id) return;
      this.#child.off("message", listen);
      resolve(message.error);
    };
    this.#child.on("message", listen);
    this.#child.send({ type: "renew", id, target } satisfies ChildRequest);
    return promise;
  }

  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** Lets it finish what it has begun. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.send({ type: "stop" } satisfies ChildRequest);
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}
