import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { FolderInUseError, lockFolder } from "../../src/db/folder-lock.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const moduleUrl = new URL("../../src/db/folder-lock.ts", import.meta.url).href;

test("a folder that another process holds is refused by its process id, and is free once that process is killed", async () => {
  await using folder = await temporaryFolder();
  const script = `const { lockFolder } = await import(${JSON.stringify(moduleUrl)});
    globalThis.lock = lockFolder(${JSON.stringify(folder.path)}); console.log("held"); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  expect(() => lockFolder(folder.path)).toThrow(`process ${holder.pid}`);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  using lock = lockFolder(folder.path);
  expect(lock).toBeDefined();
});

test("a folder cannot be held twice by one process, and can be held again after its release", async () => {
  await using folder = await temporaryFolder();
  const first = lockFolder(folder.path);
  expect(() => lockFolder(folder.path)).toThrow(FolderInUseError);
  first[Symbol.dispose]();
  lockFolder(folder.path)[Symbol.dispose]();
});
