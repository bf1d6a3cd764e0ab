import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "./support/temporary-folder.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const guard = join(root, "src/node-guard.cjs");

/** What makes a Node say that it is of another version. */
const pretend = (version: string) =>
  `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;

async function start(file: string, args: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
  return promisify(execFile)(file, args, { cwd: root, env: environment }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );
}

/** A program behind the guard, in a Node that says which version it is. */
async function run(version: string) {
  const program = `${pretend(version)} require(${JSON.stringify(guard)}); process.stdout.write("started");`;
  return start(process.execPath, ["--eval", program]);
}

async function readScripts(): Promise<Record<string, string>> {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  return scripts;
}

test.each(["18.20.8", "20.20.0", "22.23.5", "23.11.1"])("Node %s is told in one line what to do", async (version) => {
  const { code, stdout, stderr } = await run(version);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^Maestro Auth needs Node 24 or later, and this is v[\d.]+\. Get it from .*\n$/);
  expect(stderr).toContain(`v${version}`);
});

test.each(["24.0.0", "24.21.0", "26.1.0"])("Node %s starts", async (version) => {
  expect(await run(version)).toEqual({ code: 0, stdout: "started", stderr: "" });
});

test("the scripts that users start load the guard before the program", async () => {
  const scripts = await readScripts();
  for (const name of ["start", "dev", "maestro-auth"]) {
    // Where a script has a second command for Windows, that one as well.
    for (const [, first] of scripts[name]!.matchAll(/\bnode (\S+ \S+)/g)) {
      expect(first).toBe("--require ./src/node-guard.cjs");
    }
  }
});

// `dev` tells it as well, and then waits for changes.
test.each(["start", "maestro-auth"])("the script %s tells it once, and starts nothing", async (name) => {
  await using folder = await temporaryFolder();
  const preload = join(folder.path, "older.cjs");
  await writeFile(preload, pretend("22.23.5"));
  const older = `#!/bin/sh\nexec '${process.execPath}' --require '${preload}' "$@"\n`;
  await writeFile(join(folder.path, "node"), older, { mode: 0o755 });
  const script = (await readScripts())[name]!;
  const { code, stdout, stderr } = await start("/bin/sh", ["-c", script], { PATH: folder.path });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^Maestro Auth needs Node 24 or later, and this is v22\.23\.5\. .*\n$/);
});
