import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { vi } from "vitest";
import type { RefreshTarget } from "../../../src/refresh/lease.ts";
import { compileCache } from "../../support/server-process.ts";
import type { ChildMessage, ChildRequest, ChildTask } from "./child.ts";

const script = fileURLToPath(new URL("child.ts", import.meta.url));
const closedNetwork = fileURLToPath(new URL("../../support/closed-network.ts", import.meta.url));

const patienceMs = 60_000;

/** What a process starts with besides its task. */
export interface ProcessSetting {
  /** Variables of the process itself, as a system has them that preloads something into all programs. */
  readonly variables?: Readonly<Record<string, string>>;
  /** A module to load before everything else. */
  readonly preload?: URL;
}

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

  /** Starts it; it may have died before it is ready, where that is its task. */
  static async start(task: ChildTask, { variables = {}, preload }: ProcessSetting = {}): Promise<RefreshProcess> {
    const preloaded = [closedNetwork, ...(preload === undefined ? [] : [fileURLToPath(preload)])];
    const child = fork(script, [JSON.stringify(task)], {
      execArgv: preloaded.flatMap((module) => ["--import", module]),
      env: { PATH: process.env["PATH"], ...compileCache, ...variables },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const refreshing = new RefreshProcess(child);
    const ready = once(child, "message");
    if (!(await comesInTime(Promise.race([ready, refreshing.ended])))) {
      child.kill("SIGKILL");
      throw new Error(`it does not start:\n${refreshing.output}`);
    }
    if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`it did not start:\n${refreshing.output}`);
    return refreshing;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Everything that it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Refreshes on demand. @returns the error's message, or null. */
  async renew({ userId, id, provider, tokenVersion }: RefreshTarget): Promise<string | null> {
    const target = { userId, id, provider, tokenVersion };
    const { error } = await this.#ask("renewed", (asked) => ({ type: "renew", id: asked, target }));
    return error;
  }

  /** How many renewals it has brought into the database. */
  async countStored(): Promise<number> {
    const { stored } = await this.#ask("counted", (asked) => ({ type: "count", id: asked }));
    return stored;
  }

  /** How often it was seen, at one of its looks twice a second, to leave the provider alone. */
  async countPauses(): Promise<number> {
    const { pauses } = await this.#ask("counted", (asked) => ({ type: "count", id: asked }));
    return pauses;
  }

  async #ask<Type extends "renewed" | "counted">(
    type: Type,
    question: (id: number) => ChildRequest,
  ): Promise<Extract<ChildMessage, { type: Type }>> {
    const id = ++this.#asked;
    const { promise, resolve, reject } = Promise.withResolvers<Extract<ChildMessage, { type: Type }>>();
    const listen = (message: ChildMessage) => {
      if (message.type !== type || message.id !== id) return;
      this.#child.off("message", listen);
      resolve(message as Extract<ChildMessage, { type: Type }>);
    };
    this.#child.on("message", listen);
    void this.ended.then((signal) => reject(new Error(`the process has ended (${signal}):\n${this.#output}`)));
    this.#child.send(question(id), (error) => error !== null && reject(error));
    return promise;
  }

  /** Resolves once it has been stopped by a signal. Not by its task alone: the system says so. */
  async frozen(): Promise<void> {
    const check = async () => {
      const { stdout } = await promisify(execFile)("ps", ["-o", "state=", "-p", String(this.pid)]);
      if (!stdout.startsWith("T")) throw new Error(`process ${this.pid} is in state ${stdout}`);
    };
    await vi.waitFor(check, { timeout: 60_000, interval: 50 });
  }

  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** Lets it finish what it has begun. @throws Error with its output if it does not end. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.send({ type: "stop" } satisfies ChildRequest);
    await this.end();
  }

  /** Waits for its end. @throws Error with its output if it does not end. */
  async end(withinMs = patienceMs): Promise<NodeJS.Signals | null> {
    if (!(await comesInTime(this.ended, withinMs)))
      throw new Error(`process ${this.pid} does not end:\n${this.#output}`);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasEnded) return;
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}

/** Whether something comes within the time that anything here may take. */
async function comesInTime(event: Promise<unknown>, withinMs = patienceMs): Promise<boolean> {
  const waiting = new AbortController();
  const late = delay(withinMs, false, { signal: waiting.signal }).catch(() => false);
  const isInTime = await Promise.race([late, event.then(() => true)]);
  waiting.abort();
  return isInTime;
}
