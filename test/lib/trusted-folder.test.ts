import { chmod, chown, lstat, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readDevelopmentKeys } from "../../src/config/development-keys.ts";
import { lockFolder } from "../../src/db/folder-lock.ts";
import { makeWritableFolder } from "../../src/lib/writable-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const isWindows = process.getuid === undefined;
const isRoot = process.getuid?.() === 0;

test.skipIf(isWindows)("a data folder that every user may write to is refused, with the cure", async () => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o777);
  const refusal = `Every user of this machine may write to ${folder.path}.`;
  expect(() => makeWritableFolder(folder.path)).toThrow(refusal);
  expect(() => lockFolder(folder.path)).toThrow(refusal);
  expect(() => readDevelopmentKeys(folder.path)).toThrow(`chmod o-w ${folder.path}`);
});

test.skipIf(isWindows)(
  "a folder that its group may write to is taken: container platforms give volumes that way",
  async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o2770);
    expect(() => makeWritableFolder(folder.path)).not.toThrow();
  },
);

test.skipIf(isWindows)("a link to a folder counts as the folder that it leads to", async () => {
  await using folder = await temporaryFolder();
  const target = join(folder.path, "target");
  const link = join(folder.path, "link");
  await mkdir(target, { mode: 0o700 });
  await symlink(target, link);
  expect(() => makeWritableFolder(link)).not.toThrow();
  await chmod(target, 0o777);
  expect(() => makeWritableFolder(link)).toThrow("Every user of this machine");
});

test.runIf(isRoot)("a folder, or a key file in it, of another user is refused", async () => {
  await using folder = await temporaryFolder();
  readDevelopmentKeys(folder.path);
  await chown(join(folder.path, "development-keys.json"), 65_534, 65_534);
  expect(() => readDevelopmentKeys(folder.path)).toThrow("belongs to another user (uid 65534");
  await chown(folder.path, 65_534, 65_534);
  expect(() => lockFolder(folder.path)).toThrow("belongs to another user (uid 65534");
});

test.skipIf(isWindows)(
  "planted keys are not used: a key file that others may write to, or that is a link",
  async () => {
    await using folder = await temporaryFolder();
    readDevelopmentKeys(folder.path);
    const file = join(folder.path, "development-keys.json");
    await chmod(file, 0o666);
    expect(() => readDevelopmentKeys(folder.path)).toThrow(`Every user of this machine may write to ${file}.`);

    await using other = await temporaryFolder();
    await symlink(file, join(other.path, "development-keys.json"));
    expect(() => readDevelopmentKeys(other.path)).toThrow("is a link, and could lead anywhere");
  },
);

test.skipIf(isWindows).for(["lock.txt", "lock.sqlite"])("a link in the place of %s is not followed", async (name) => {
  await using folder = await temporaryFolder();
  const victim = join(folder.path, "victim");
  const data = join(folder.path, "data");
  await mkdir(data, { mode: 0o700 });
  await writeFile(victim, "precious");
  await symlink(victim, join(data, name));
  expect(() => lockFolder(data)).toThrow("is a link, and could lead anywhere");
  expect(await readFile(victim, "utf8")).toBe("precious");
  expect((await lstat(join(data, name))).isSymbolicLink()).toBe(true);
});
