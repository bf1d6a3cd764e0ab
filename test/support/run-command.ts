import fs from "node:fs";
import { PassThrough, Readable, Writable } from "node:stream";
import { createProgram } from "../../src/cli/program.ts";
import { run } from "../../src/cli/run.ts";

/** As a command ends, and what it has printed: the same that `runProgram` gives of a process. */
export interface CommandResult {
  readonly code: number;
  /** Both streams, in the order of arrival. */
  readonly output: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** What the command reads from stdin; nothing unless it is given. */
  readonly input?: string;
}

/** `process.exit` of a command: nothing after it runs, and nothing more is printed. */
class Exit extends Error {}

/** Collects what a command prints until it exits. */
class Printed {
  isOpen = true;
  output = "";
  stdout = "";
  stderr = "";

  add(stream: "stdout" | "stderr", chunk: string | Uint8Array): void {
    if (!this.isOpen) return;
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    this[stream] += text;
    this.output += text;
  }

  stream(name: "stdout" | "stderr"): Writable {
    return new Writable({
      decodeStrings: false,
      write: (chunk: string | Uint8Array, _encoding, done) => {
        this.add(name, chunk);
        done();
      },
    });
  }
}

/** The logger writes to descriptor 2 past `process.stderr`. */
function captureDescriptors(printed: Printed): Disposable {
  const { writeSync } = fs;
  fs.writeSync = ((fd: number, chunk: string | Uint8Array, ...rest: unknown[]) => {
    if (fd !== 1 && fd !== 2) return Reflect.apply(writeSync, fs, [fd, chunk, ...rest]);
    printed.add(fd === 1 ? "stdout" : "stderr", chunk);
    return Buffer.byteLength(chunk);
  }) as typeof writeSync;
  return { [Symbol.dispose]: () => void (fs.writeSync = writeSync) };
}

/** Puts another value in the place of one of `process`'s own properties. */
function replaceInProcess(name: keyof NodeJS.Process, value: unknown): Disposable {
  const own = Object.getOwnPropertyDescriptor(process, name)!;
  Object.defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true });
  return { [Symbol.dispose]: () => void Object.defineProperty(process, name, own) };
}

/** What the process would end with if nothing called `process.exit`. */
const pendingExitCode = () => Number(process.exitCode ?? 0);

async function runNow(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  { input }: CommandOptions,
): Promise<CommandResult> {
  const printed = new Printed();
  let exitCode: number | undefined;
  const exit = (code?: number) => {
    if (printed.isOpen) exitCode = code ?? pendingExitCode();
    printed.isOpen = false;
    throw new Exit(`exit ${code}`);
  };
  using stack = new DisposableStack();
  const codeBefore = process.exitCode;
  process.exitCode = undefined;
  stack.defer(() => void (process.exitCode = codeBefore));
  stack.use(replaceInProcess("argv", [process.execPath, "src/cli.ts", ...args]));
  // Only what the test gives: nothing of the machine's own configuration reaches the command.
  stack.use(replaceInProcess("env", { PATH: process.env["PATH"], ...environment }));
  stack.use(
    replaceInProcess("stdin", input === undefined ? new PassThrough().end() : Readable.from([Buffer.from(input)])),
  );
  stack.use(replaceInProcess("stdout", printed.stream("stdout")));
  stack.use(replaceInProcess("stderr", printed.stream("stderr")));
  stack.use(replaceInProcess("exit", exit));
  stack.use(captureDescriptors(printed));
  try {
    await run(createProgram());
  } catch (error) {
    if (exitCode === undefined) throw error;
  }
  const { output, stdout, stderr } = printed;
  return { code: exitCode ?? pendingExitCode(), output, stdout, stderr };
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `maestro-auth` to its end within the test's own process, which costs a tenth of starting one. What only a
 * process has, such as signals, other users and real streams, is tested with `runProgram`.
 */
export async function runCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  options: CommandOptions = {},
): Promise<CommandResult> {
  // One after the other: each has all of `process` for itself.
  const result = last.then(() => runNow(args, environment, options));
  last = result.catch(() => {});
  return result;
}
