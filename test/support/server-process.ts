import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import { TestClient } from "./test-client.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Set in the runs whose suites may start programs. */
    startsPrograms: true;
  }
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const closedNetwork = fileURLToPath(new URL("closed-network.ts", import.meta.url));

/** Where the programs of all runs find what Node has compiled before: it halves what a start costs. */
export const compileCache = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url)),
};

type Environment = Readonly<Record<string, string>>;

type Program = ChildProcess & {
  /** Both streams, in the order of arrival. */
  output: string;
  readonly printed: { stdout: string; stderr: string };
};

export interface ProgramOptions {
  /** What the program reads from stdin; nothing unless it is given. */
  readonly input?: string;
  /** Modules that are loaded before the program. */
  readonly imports?: readonly string[];
  /** The number of the system's user to run as. */
  readonly uid?: number;
  /** Milliseconds after which the program is killed; never unless it is given. */
  readonly timeout?: number;
}

/** Only what the test gives: nothing of the machine's own configuration reaches the program. */
function start(
  script: string,
  args: readonly string[],
  environment: Environment,
  { input, imports = [], uid, timeout }: ProgramOptions = {},
): Program {
  if (!inject("startsPrograms")) {
    throw new Error("`npm test` starts no programs, to stay fast: name the file *.process.test.ts, or use runCommand.");
  }
  const loaded = [closedNetwork, ...imports].flatMap((module) => ["--import", module]);
  const child = spawn(process.execPath, [...loaded, script, ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"], ...compileCache, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid }),
    ...(timeout === undefined ? {} : { timeout, killSignal: "SIGKILL" }),
  });
  // A program that ends without reading its input is no failure of the test's.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const program = Object.assign(child, { output: "", printed: { stdout: "", stderr: "" } });
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk: Buffer) => {
      program.printed[name] += chunk.toString();
      program.output += chunk.toString();
    });
  }
  return program;
}

/** Runs a program to its end. */
export async function runProgram(
  script: string,
  args: readonly string[],
  environment: Environment,
  options: ProgramOptions = {},
) {
  const child = start(script, args, environment, options);
  const [code] = (await once(child, "close")) as [number | null];
  const { output, printed } = child;
  return { code, output, ...printed };
}

/** A program that runs until it is told to end. */
export class ExampleProcess implements AsyncDisposable {
  readonly #child: ReturnType<typeof start>;

  constructor(script: string, environment: Environment, args: readonly string[] = []) {
    this.#child = start(script, args, environment);
  }

  /** Everything that it has printed. */
  get output(): string {
    return this.#child.output;
  }

  /** Resolves with the exit code once it has ended by this signal. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const closed = once(this.#child, "close") as Promise<[number | null]>;
    this.#child.kill(signal);
    return (await closed)[0];
  }

  async nextOutput(): Promise<string> {
    const [chunk] = (await once(this.#child.stdout!, "data")) as [Buffer];
    return chunk.toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await this.end("SIGKILL");
  }
}

/** A server in a process of its own, as `npm start` starts it. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: ReturnType<typeof start>;
  readonly baseUrl: string;
  readonly token: string;

  private constructor(child: ReturnType<typeof start>, baseUrl: string, token: string) {
    this.#child = child;
    this.baseUrl = baseUrl;
    this.token = token;
  }

  static async start(environment: Environment, args: readonly string[] = []): Promise<ServerProcess> {
    const child = start("src/main.ts", args, { PORT: "0", ...environment });
    const exited = once(child, "close").then(() => {
      throw new Error(`the server ended before it was ready:\n${child.output}`);
    });
    exited.catch(() => {});
    let token: string | undefined;
    while (token === undefined) {
      await Promise.race([once(child.stdout!, "data"), exited]);
      [, token] = /(eyJ[\w-]+\.[\w-]+\.[\w-]+)["\s]/.exec(child.output) ?? [];
    }
    const [, port] = /localhost:(\d+)/.exec(child.output) ?? [];
    return new ServerProcess(child, `http://127.0.0.1:${port}`, token);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Null while it runs. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Everything that it has printed. */
  get output(): string {
    return this.#child.output;
  }

  /** A client with the token that the server printed. */
  client(): TestClient {
    return new TestClient(this.baseUrl, this.token);
  }

  /** Sends a signal and does not wait for what comes of it. */
  signal(signal: "SIGTERM" | "SIGINT"): void {
    this.#child.kill(signal);
  }

  async stop(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const closed = once(this.#child, "close") as Promise<[number | null]>;
    this.#child.kill(signal);
    return (await closed)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}
