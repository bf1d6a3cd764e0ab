import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const flooder = fileURLToPath(new URL("flooder.ts", import.meta.url));
/** Megabytes. */
const heapLimit = 256;

/** How long one answer took, in milliseconds; Infinity for none within twenty seconds. */
interface Answer {
  /** As a client sees it. */
  readonly taken: number;
  /**
   * Without the time in which the machine had both processes wait for a processor: other programs are not the flood.
   */
  readonly own: number;
}

/** What was seen of the server during a flood. */
export interface Flooded {
  /** `/health`, on a connection of its own each time. */
  readonly health: readonly Answer[];
  /** Megabytes: the most that the process held during the flood, and what its heap held after it. */
  readonly peakMemory: number;
  readonly heap: number;
}

/** Milliseconds for which a process's main thread has waited for a processor: proc(5), schedstat. */
function waited(pid: number): number {
  const file = `/proc/${pid}/task/${pid}/schedstat`;
  return existsSync(file) ? Number(readFileSync(file, "utf8").split(" ")[1]) / 1_000_000 : 0;
}

/** Whether an answer came. */
async function answers(port: number): Promise<boolean> {
  const call = request({ host: "127.0.0.1", port, path: "/health", agent: false, timeout: 20_000 });
  call.on("timeout", () => call.destroy());
  call.end();
  try {
    const [response] = (await once(call, "response")) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, "end");
    return true;
  } catch {
    return false;
  }
}

/** A server with a small heap in a process of its own, and what floods it in others. */
export class FloodStage implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly server: ServerProcess;

  private constructor(stack: AsyncDisposableStack, server: ServerProcess) {
    this.#stack = stack;
    this.server = server;
  }

  static async create(): Promise<FloodStage> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const server = stack.use(
      await ServerProcess.start({ DATA_DIR: folder.path, NODE_OPTIONS: `--max-old-space-size=${heapLimit}` }),
    );
    return new FloodStage(stack.move(), server);
  }

  get #port(): number {
    return Number(new URL(this.server.baseUrl).port);
  }

  async flood(name: string): Promise<Flooded> {
    this.#forgetPeak();
    const program = spawn(process.execPath, [flooder, String(this.#port), this.server.token, name], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const ended = once(program, "close");
    const health = await this.#watch(program);
    const [code] = (await ended) as [number | null];
    if (code !== 0) throw new Error(`the flood itself failed (${code})`);
    return { health, peakMemory: this.#peak(), heap: await this.#heap() };
  }

  async #watch(program: ChildProcess): Promise<Answer[]> {
    const answers: Answer[] = [];
    do {
      answers.push(await this.#ask());
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (program.exitCode === null && program.signalCode === null);
    return answers;
  }

  async #ask(): Promise<Answer> {
    const waits = () => waited(this.server.pid) + waited(process.pid);
    const [begun, waitedBefore] = [performance.now(), waits()];
    if (!(await answers(this.#port))) return { taken: Infinity, own: Infinity };
    const taken = performance.now() - begun;
    return { taken, own: Math.max(taken - (waits() - waitedBefore), 0) };
  }

  /** clear_refs and VmHWM: proc(5). */
  #forgetPeak(): void {
    writeFileSync(`/proc/${this.server.pid}/clear_refs`, "5");
  }

  #peak(): number {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.server.pid}/status`, "utf8"))!;
    return Math.round(Number(kilobytes) / 1_024);
  }

  async #heap(): Promise<number> {
    const text = await (await fetch(`${this.server.baseUrl}/metrics`)).text();
    const [, bytes] = /^nodejs_heap_size_used_bytes (\d+)/m.exec(text)!;
    return Math.round(Number(bytes) / 1_048_576);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
