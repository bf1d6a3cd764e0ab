import { chmod, chown, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { testEnvironment } from "../support/test-app.ts";
import { fillDataFolder } from "../support/test-database.ts";

/** Nobody has this number. */
const owner = 64_999;

/** A folder with an embedded database of another user's, below one that belongs to root. */
async function foreignDatabase(folder: string): Promise<string> {
  await chmod(folder, 0o755);
  const data = join(folder, "data");
  await mkdir(data);
  await fillDataFolder(data);
  await chmod(data, 0o700);
  await chown(join(data, "pglite"), owner, owner);
  for (const entry of await readdir(join(data, "pglite"), { recursive: true })) {
    await chown(join(data, "pglite", entry), owner, owner);
  }
  return data;
}

const isRoot = process.getuid?.() === 0;
const run = (data: string, args: readonly string[], uid?: number) =>
  runProgram("src/cli.ts", args, { ...testEnvironment, DATA_DIR: data }, uid === undefined ? {} : { uid });

test("root is kept from another user's database, and leaves nothing there", async ({ skip }) => {
  if (!isRoot) skip("only root may work on another user's files");
  await using folder = await temporaryFolder();
  const data = await foreignDatabase(folder.path);
  for (const whose of ["the database's", "the folder's"]) {
    for (const args of [["keys", "list"], ["migrate"], ["import", "-"], ["serve"]]) {
      const { code, stdout, stderr } = await run(data, args);
      expect({ whose, args, code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/belongs to .*uid 64999/),
      });
      expect(stdout + stderr).not.toMatch(/Aborted|^\s+at /m);
      expect(await readdir(data)).toEqual(["pglite"]);
    }
    await chown(data, owner, owner);
  }
});

test("what another user's process has left in a database is named, and its folder's reader too", async ({ skip }) => {
  if (!isRoot) skip("only root may give files away");
  await using folder = await temporaryFolder();
  const data = await foreignDatabase(folder.path);
  await chown(data, owner, owner);
  const left = join(data, "pglite", "base");
  await chown(left, 0, 0);
  await chmod(left, 0o700);
  const { code, stderr } = await run(data, ["keys", "list"], owner);
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/pglite\/base belongs to uid 0.*chown -R/s),
  });
  await chmod(data, 0);
  const unreadable = await run(data, ["keys", "list"], owner);
  expect(unreadable).toMatchObject({ code: 1, stderr: expect.stringMatching(/^\n.* \(EACCES\)\n.*DATA_DIR\.\n$/) });
});
