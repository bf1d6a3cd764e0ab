import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ChildMessage, ChildRequest, ChildTask } from "../../refresh/processes/child.ts";
import type { PinnedNode } from "./pinning.ts";

const script = fileURLToPath(new URL("worker.ts", import.meta.url));

/** What a worker has done since it was started. */
export interface WorkerFigures {
  /** Answers of the provider. */
  readonly answers: number;
  /** Processor milliseconds. */
  readonly cpuMs: number;
}

export type WorkerMessage = ChildMessage | ({ readonly type: "figures" } & WorkerFigures);

/** A process that refreshes what is due, as a server does. */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** Resolves to the signal that ended it, or null where it ended by itself. */
  readonly ended: Promise<NodeJS.Signals | null>;
  #figures: WorkerFigures = { answers: 0, cpuMs: 0 };

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.ended = once(child, "exit").then(([, signal]) => signal as NodeJS.Signals | null);
    child.on("message", (message: WorkerMessage) => {
      if (message.type === "figures") this.#figures = message;
    });
    child.setMaxListeners(0);
  }

  /** @throws Error if it ends before it is ready; its stderr has said why. */
  static async start(task: ChildTask, pinned: PinnedNode | null): Promise<WorkerProcess> {
    const child = fork(script, [JSON.stringify(task)], {
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      ...(pinned === null ? {} : { execPath: pinned.execPath, execArgv: [...pinned.execArgv] }),
    });
    const worker = new WorkerProcess(child);
    await Promise.race([worker.#next("ready"), worker.ended]);
    if (worker.hasEnded) throw new Error("a worker ended before it was ready");
    return worker;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What it last told: it tells ten times a second. */
  get figures(): WorkerFigures {
    return this.#figures;
  }

  /** What it has done until now. @throws Error if it has ended */
  async readFigures(): Promise<WorkerFigures> {
    await this.#next("figures");
    if (this.hasEnded) throw new Error("a worker ended");
    return this.#figures;
  }

  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** Lets it finish what it has begun. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.send({ type: "stop" } satisfies ChildRequest);
    await this.ended;
  }

  async #next(type: WorkerMessage["type"]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const listen = (message: WorkerMessage) => {
      if (message.type === type) resolve();
    };
    this.#child.on("message", listen);
    await Promise.race([promise, this.ended]);
    this.#child.off("message", listen);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasEnded) return;
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}
