import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The environment of a user, to whom neither this repository's programs nor its package manager mean anything. */
function userEnvironment(): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$|NODE|VITEST|VITE_|TEST)/.test(name));
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return { ...(Object.fromEntries(own) as Record<string, string>), PATH: path.join(delimiter) };
}

/** A program and what it starts: they are ended together. */
export class UserProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly closed: Promise<number | null>;
  output = "";

  constructor(command: string, args: readonly string[], cwd: string, environment: Readonly<Record<string, string>>) {
    const env = { ...userEnvironment(), ...environment };
    this.#child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const collect = (chunk: Buffer) => (this.output += chunk.toString());
    this.#child.stdout!.on("data", collect);
    this.#child.stderr!.on("data", collect);
    this.closed = once(this.#child, "close").then(([code]) => code as number | null);
  }

  /** What the program prints where this matches; fails when it ends before that. */
  async printed(pattern: RegExp): Promise<string> {
    const ended = this.closed.then(() => {
      throw new Error(`it ended before it printed ${String(pattern)}:\n${this.output}`);
    });
    ended.catch(() => {});
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match[1] ?? match[0];
      await Promise.race([once(this.#child.stdout!, "data"), once(this.#child.stderr!, "data"), ended]);
    }
  }

  /** To this process alone, as a supervisor does it. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.#child.pid!, "SIGKILL");
    } catch {
      // All of them have ended.
    }
    await this.closed;
  }
}

/** The package, packed from this repository and installed in an empty folder as a user does it. */
export class InstalledPackage implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  /** The tarball. */
  readonly tarball: string;
  /** The folder with nothing but `node_modules`. */
  readonly folder: string;

  private constructor(stack: AsyncDisposableStack, tarball: string, folder: string) {
    this.#stack = stack;
    this.tarball = tarball;
    this.folder = folder;
  }

  static async create(): Promise<InstalledPackage> {
    await using stack = new AsyncDisposableStack();
    const packed = stack.use(await temporaryFolder()).path;
    const folder = stack.use(await temporaryFolder()).path;
    // The build runs as part of it.
    const output = await run("npm", ["pack", "--silent", "--pack-destination", packed], root);
    const tarball = join(packed, output.trim().split("\n").at(-1)!);
    await run("npm", ["install", "--silent", "--no-audit", "--no-fund", tarball], folder);
    return new InstalledPackage(stack.move(), tarball, folder);
  }

  /** Runs a command in the folder. */
  start(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): UserProcess {
    return new UserProcess(command, args, this.folder, environment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** What a command prints that has to succeed. */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  await using process = new UserProcess(command, args, cwd, {});
  const code = await process.closed;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${process.output}`);
  return process.output;
}
