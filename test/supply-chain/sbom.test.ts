import { execFile } from "node:child_process";
import { cp, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Component {
  readonly name: string;
  readonly version: string;
  readonly scope: string;
}

// npm's `--omit dev` also omits packages of production that a development package needs, such as graphql itself.
test("`npm run sbom` lists what is installed, tells what runs in production from what only develops, and needs nothing but the clone", async () => {
  await using folder = await temporaryFolder();
  const clone = join(folder.path, "maestro-auth");
  await mkdir(clone);
  for (const file of ["package.json", "package-lock.json", ".npmrc"]) await cp(join(root, file), join(clone, file));
  const run = promisify(execFile);
  const { stdout } = await run("npm", ["run", "--silent", "sbom"], { cwd: clone, maxBuffer: 64 * 1024 * 1024 });
  const bill = JSON.parse(stdout) as { readonly bomFormat: string; readonly components: readonly Component[] };
  expect(bill.bomFormat).toBe("CycloneDX");
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Record<
    "dependencies" | "devDependencies",
    Readonly<Record<string, string>>
  >;
  const scopeOf = ([name, version]: [string, string]) =>
    bill.components.find((component) => component.name === name && component.version === version)?.scope;
  expect(new Set(Object.entries(manifest.dependencies).map(scopeOf))).toEqual(new Set(["required"]));
  expect(new Set(Object.entries(manifest.devDependencies).map(scopeOf))).toEqual(new Set(["optional"]));
});
