import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compileCache } from "../../support/server-process.ts";
import { commandStage } from "../command-stage.ts";
import { lineOf, namesOf, withoutDatabase } from "./command-lines.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const names = namesOf().filter((name) => name !== "serve");

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Starts a command with a stdout of the test's choosing, and tells how it ended. */
async function end(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  { stdout, onStart = () => {} }: { stdout: "pipe" | number; onStart?: (child: ReturnType<typeof spawn>) => void },
): Promise<Ended> {
  const child = spawn(process.execPath, ["src/cli.ts", ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"], ...compileCache, ...environment },
    stdio: ["ignore", stdout, "pipe"],
  });
  let stderr = "";
  child.stderr!.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  onStart(child);
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, stderr };
}

test("a reader that has left, as `head` does, changes nothing about how a command ends", async () => {
  await using stage = await commandStage();
  for (const args of [...names.map(lineOf), ["keys", "--help"], ["nonsense"]]) {
    const { code } = await stage.run(args);
    const cut = await end(args, stage.environment, { stdout: "pipe", onStart: (child) => child.stdout!.destroy() });
    expect({ args, code: cut.code, signal: cut.signal }).toEqual({ args, code, signal: null });
    expect({ args, stderr: cut.stderr }).not.toMatchObject({ stderr: expect.stringMatching(/EPIPE|^\s+at /m) });
  }
});

test("a full disk behind stdout is named where it takes the result, and nothing else is blamed", async ({ skip }) => {
  if (!existsSync("/dev/full")) skip("this system has no /dev/full");
  await using stage = await commandStage();
  const full = openSync("/dev/full", "w");
  for (const args of [...names.map(lineOf), ["keys", "--help"]]) {
    const whole = await stage.run(args);
    const { code, stderr } = await end(args, stage.environment, { stdout: full });
    expect({ args, stderr }).not.toMatchObject({ stderr: expect.stringMatching(/data folder|DATA_DIR|^\s+at /m) });
    // A command that fails for a reason of its own says that.
    const isCut = whole.code === 0 && whole.stdout !== "";
    expect({ args, isNamed: stderr.includes("stdout): its disk is full (ENOSPC)") || !isCut }).toEqual({
      args,
      isNamed: true,
    });
    expect({ args, code: code === 0 && isCut }).toEqual({ args, code: false });
  }
  closeSync(full);
});

test("Ctrl-C and SIGTERM end each command that waits, with 130 and 143", async () => {
  // A database that takes the connection and says nothing.
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await using stage = await commandStage();
  const environment = {
    ...stage.environment,
    DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/silent?connect_timeout=60`,
  };
  const waiting = names.filter((name) => !withoutDatabase.includes(name));
  for (const [index, name] of waiting.entries()) {
    const [signal, code] = index % 2 === 0 ? (["SIGINT", 130] as const) : (["SIGTERM", 143] as const);
    const connected = once(server, "connection");
    const ended = end(lineOf(name), environment, {
      stdout: "pipe",
      onStart: (child) => void connected.then(() => child.kill(signal)),
    });
    expect({ name, ...(await ended), stderr: "" }).toEqual({ name, code, signal: null, stderr: "" });
  }
  server.close();
});
