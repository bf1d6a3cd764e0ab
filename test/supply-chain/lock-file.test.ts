import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

const root = new URL("../../", import.meta.url);
const read = async (name: string) => JSON.parse(await readFile(new URL(name, root), "utf8")) as unknown;
const { packages } = (await read("package-lock.json")) as { packages: Readonly<Record<string, LockedPackage>> };
const installed = Object.entries(packages).filter(([path]) => path !== "");

const pathsOf = (isWrong: (locked: LockedPackage) => boolean) =>
  installed.filter(([, locked]) => isWrong(locked)).map(([path]) => path);

test("every package that is installed is bound to its bytes by SHA-512", () => {
  expect(installed.length).toBeGreaterThan(100);
  expect(pathsOf(({ integrity }) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""))).toEqual([]);
});

test("no package comes from another place than the public registry, or from outside of any", () => {
  const isForeign = ({ resolved, link }: LockedPackage) =>
    link === true || (resolved !== undefined && !resolved.startsWith("https://registry.npmjs.org/"));
  expect(pathsOf(isForeign)).toEqual([]);
});

test("package.json names exact versions, which npm alone would not do", async () => {
  const manifest = (await read("package.json")) as Record<string, Readonly<Record<string, string>>>;
  const groups = ["dependencies", "devDependencies", "optionalDependencies"];
  const versions = groups.flatMap((group) => Object.entries(manifest[group] ?? {}));
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  expect(await readFile(new URL(".npmrc", root), "utf8")).not.toMatch(/registry|_auth|strict-ssl|ca=/);
});
