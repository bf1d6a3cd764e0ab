import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const guard = fileURLToPath(new URL("../src/node-guard.cjs", import.meta.url));

/** A program behind the guard, in a Node that says which version it is. */
async function run(version: string) {
  const older = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
  const program = `${older} require(${JSON.stringify(guard)}); process.stdout.write("started");`;
  return promisify(execFile)(process.execPath, ["--eval", program]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );
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
  const { scripts } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")) as {
    scripts: Record<string, string>;
  };
  for (const name of ["start", "dev", "maestro-auth"])
    // Where a script has a second command for Windows, that one as well.
    for (const [, first] of scripts[name]!.matchAll(/\bnode (\S+ \S+)/g))
      expect(first).toBe("--require ./src/node-guard.cjs");
});
