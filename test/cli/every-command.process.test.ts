import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compileCache } from "../support/server-process.ts";
import { commandStage } from "./command-stage.ts";
import { lineOf, namesOf, withoutDatabase } from "./command-lines.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
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

test(
  "a reader that has left, as `head` does, changes nothing about how a command ends",
  { timeout: 300_000 },
  async () => {
    await using stage = await commandStage();
    for (const name of [...names, "import --help", "nonsense"]) {
      const args = name in lineOfAll ? lineOfAll[name]! : name.split(" ");
      const whole = await end(args, stage.environment, { stdout: openSync("/dev/null", "w") });
      const cut = await end(args, stage.environment, { stdout: "pipe", onStart: (child) => child.stdout!.destroy() });
      expect({ name, ...cut, stderr: "" }).toEqual({ name, ...whole, stderr: "" });
      expect({ name, stderr: cut.stderr }).not.toMatchObject({ stderr: expect.stringMatching(/EPIPE|^\s+at /m) });
    }
  },
);

const lineOfAll: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  names.map((name) => [name, lineOf(name)]),
);

test("a full disk behind stdout is named, and nothing else is blamed", { timeout: 300_000 }, async ({ skip }) => {
  if (!existsSync("/dev/full")) skip("this system has no /dev/full");
  await using stage = await commandStage();
  const full = openSync("/dev/full", "w");
  try {
    for (const name of names) {
      const { code, stderr } = await end(lineOf(name), stage.environment, { stdout: full });
      expect({ name, code: code === 1 || code === 3, stderr }).toMatchObject({ name, code: true });
      expect({ name, stderr }).not.toMatchObject({ stderr: expect.stringMatching(/data folder|DATA_DIR|^\s+at /m) });
      const whole = await end(lineOf(name), stage.environment, {
        stdout: "pipe",
        onStart: (child) => child.stdout!.resume(),
      });
      // What fails for another reason, as without a server to ask, says that.
      if (whole.code === 0 && name !== "audit export") {
        expect({ name, stderr }).toMatchObject({
          stderr: expect.stringContaining("stdout): its disk is full (ENOSPC)"),
        });
      }
    }
    const help = await end(["keys", "--help"], {}, { stdout: full });
    expect(help).toMatchObject({ code: 1, stderr: expect.stringContaining("ENOSPC") });
  } finally {
    closeSync(full);
  }
});

test("Ctrl-C and SIGTERM end each command that waits, with 130 and 143", { timeout: 300_000 }, async () => {
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
