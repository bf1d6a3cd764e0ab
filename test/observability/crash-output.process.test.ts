import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compileCache } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { fillDataFolder } from "../support/test-database.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const canary = "canary-0123456789-in-memory";

const production = {
  NODE_ENV: "production",
  HOST: "127.0.0.1",
  PORT: "0",
  CREDENTIAL_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
  AUTH_JWT_SECRET: `${canary}-as-a-secret-of-callers`,
};

/** A server in a process of its own, and all that it prints. */
class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  output = "";

  constructor(environment: Readonly<Record<string, string>>, execArgv: readonly string[] = []) {
    this.#child = spawn(process.execPath, [...execArgv, "src/main.ts"], {
      cwd: root,
      env: { PATH: process.env["PATH"], ...compileCache, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.#closed = once(this.#child, "close");
  }

  async prints(text: string): Promise<void> {
    const ended = this.#closed.then(() => {
      throw new Error(`it ended without saying "${text}":\n${this.output}`);
    });
    ended.catch(() => {});
    while (!this.output.includes(text)) {
      await Promise.race([once(this.#child.stdout!, "data"), once(this.#child.stderr!, "data"), ended]);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }
}

/** A module that fails with an error full of secrets, at once or at a signal. */
async function failing(folder: string, when: "at once" | "at SIGCONT"): Promise<string> {
  const file = join(folder, "failing.mjs");
  const fail = `() => {
    const cause = new Error("the provider said ${canary}");
    throw Object.assign(new TypeError("broken near sk-ant-${canary}", { cause }), { apiKey: "${canary}" });
  }`;
  const hook = when === "at once" ? `setImmediate(${fail})` : `process.on("SIGCONT", ${fail})`;
  await writeFile(file, hook);
  return file;
}

test.each(["at once", "at SIGCONT"] as const)(
  "a crash %s tells its class, its place and the classes of its causes, and no secret that the error holds",
  async (when) => {
    await using folder = await temporaryFolder();
    await fillDataFolder(join(folder.path, "data"));
    const file = await failing(folder.path, when);
    await using program = new Program({ ...production, DATA_DIR: join(folder.path, "data") }, ["--import", file]);
    if (when === "at SIGCONT") {
      await program.prints(`"event":"server.started"`);
      program.signal("SIGCONT");
    }
    expect(await program.end()).toBe(1);
    expect(program.output).toMatch(
      /"event":"server\.crashed","err":\{"type":"TypeError","message":"broken near sk-\[redacted\]","stack":" +at .*"cause":\{"type":"Error"/,
    );
    expect(program.output).not.toContain(canary);
  },
);

test("in production SIGUSR1 opens no debugger, and the server goes on", async () => {
  await using folder = await temporaryFolder();
  await fillDataFolder(folder.path);
  await using program = new Program({ ...production, DATA_DIR: folder.path });
  await program.prints(`"event":"server.started"`);
  program.signal("SIGUSR1");
  await program.prints(`"event":"server.debugger_refused"`);
  program.signal("SIGTERM");
  expect(await program.end()).toBe(0);
  expect(program.output).not.toContain("Debugger listening");
});

test.each([
  [["--inspect=127.0.0.1:0"], {}],
  [["--heapsnapshot-near-heap-limit=1"], {}],
  [[], { NODE_OPTIONS: "--heapsnapshot-signal=SIGUSR2" }],
  [[], { NODE_OPTIONS: "--report-on-signal --report_uncaught_exception" }],
])("in production the server does not start with %j %j, and says why and what to do", async (execArgv, environment) => {
  await using folder = await temporaryFolder();
  await using program = new Program({ ...production, ...environment, DATA_DIR: folder.path }, execArgv);
  expect(await program.end()).toBe(1);
  expect(program.output).toMatch(
    /Node was started with --(inspect|heapsnapshot|report)[\s\S]*Take it out of NODE_OPTIONS/,
  );
  expect(program.output).not.toContain(canary);
});
