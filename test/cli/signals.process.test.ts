import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compileCache } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Starts a program, sends it a signal as soon as it has printed `cue`, and tells how it ended. */
async function interrupt(command: string, args: readonly string[], cue: string, signal: NodeJS.Signals) {
  await using folder = await temporaryFolder();
  const child = spawn(command, args, {
    cwd: root,
    env: { PATH: process.env["PATH"], ...compileCache, HOME: folder.path, PORT: "0", DATA_DIR: `${folder.path}/data` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let isSent = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (isSent || !output.includes(cue)) return;
      isSent = true;
      child.kill(signal);
    });
  }
  // Not before both streams have ended: whoever holds them is still alive.
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

// As PID 1 of a container a process has no default action for signals, so its own handler has to be there.
test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)("%s while the server starts ends it at once", async (signal, code) => {
  const ended = await interrupt(process.execPath, ["src/main.ts"], "configuration read", signal);
  expect(ended).toMatchObject({ code, output: expect.stringContaining("stopped before the server was ready") });
});

test("SIGTERM to `npm start` alone, as a process manager sends it, ends the server in good order", async () => {
  const { output } = await interrupt("npm", ["start"], "Maestro Auth is ready", "SIGTERM");
  expect(output).toContain("Closed. Stored data is kept");
});
