import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a server of these benches does on request; it answers with a time of `now`, with bytes, or with a count. */
export type ServerRequest =
  | { readonly kind: "memory" | "resident" | "kept" | "unread" }
  | {
      readonly kind: "event";
      readonly userId: string;
      /** Characters of the event's label. */
      readonly size: number;
    };

/** Milliseconds of a clock that all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A server in a process of its own, asked over its channel; one request at a time. */
export class StreamProcess implements AsyncDisposable {
  readonly origin: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.origin = `http://127.0.0.1:${port}`;
  }

  static async start(module: URL, environment: Readonly<Record<string, string>>): Promise<StreamProcess> {
    const child = fork(fileURLToPath(module), {
      env: { ...environment },
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const [port] = (await once(child, "message")) as [number];
    return new StreamProcess(child, port);
  }

  /** Commits an event of this user, with a label of so many characters. @returns when, by `now` */
  async emit(userId: string, size = 5): Promise<number> {
    return this.#ask({ kind: "event", userId, size });
  }

  /** Resident bytes as they are. */
  async resident(): Promise<number> {
    return this.#ask({ kind: "resident" });
  }

  /** Bytes that are still in use after a garbage collection, in the heap and beside it. */
  async kept(): Promise<number> {
    return this.#ask({ kind: "kept" });
  }

  /** How many sockets were closed because their clients read nothing. */
  async closedUnread(): Promise<number> {
    return this.#ask({ kind: "unread" });
  }

  /** Resident bytes after a garbage collection. */
  async memory(): Promise<number> {
    return this.#ask({ kind: "memory" });
  }

  async #ask(request: ServerRequest): Promise<number> {
    const answered = once(this.#child, "message");
    this.#child.send(request);
    const [{ answer }] = (await answered) as [{ answer: number }];
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
