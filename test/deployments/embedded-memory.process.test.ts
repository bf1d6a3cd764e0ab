import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { viewerQuery } from "../client/operations.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Megabytes that a process has held at once (proc_pid_status(5), VmHWM). */
async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1024;
}

test.runIf(process.platform === "linux")(
  "a server on the embedded database starts within 512 MB, the first time and later",
  async () => {
    await using folder = await temporaryFolder();
    for (const _start of ["first", "later"]) {
      await using server = await ServerProcess.start({ DATA_DIR: folder.path });
      const client = server.client();
      for (let i = 0; i < 50; i++) await client.execute(viewerQuery);
      expect(await peakMemory(server.pid)).toBeLessThan(512);
      await server.stop("SIGTERM");
    }
  },
);
