import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { SessionsQuery } from "../client/gql/graphql.ts";
import { sessionsQuery, startSessionMutation } from "../client/operations.ts";
import { runProgram, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import type { TestClient } from "../support/test-client.ts";

const run = promisify(execFile);

/** A disk of its own, of so many megabytes; null where this user may not mount one. */
async function mountDisk(megabytes: number): Promise<({ readonly path: string } & AsyncDisposable) | null> {
  const folder = await temporaryFolder();
  const options = `size=${megabytes}m,mode=700`;
  const mounted = await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder.path]).catch(() => null);
  if (mounted === null) return null;
  return {
    path: folder.path,
    async [Symbol.asyncDispose]() {
      await run("umount", ["-l", folder.path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Starts sessions until the server answers no more. @returns the ids of those that were acknowledged. */
async function startSessions(client: TestClient): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const answer = await client.send(startSessionMutation, { input: {} }).catch(() => null);
    if (answer === null) return ids;
    if (answer.data?.startSession.__typename === "StartSessionPayload") ids.push(answer.data.startSession.session.id);
  }
}

test("a disk that becomes full ends the server with cause and cure, and nothing acknowledged is lost", async ({
  skip,
}) => {
  const mounted = await mountDisk(96);
  if (mounted === null) skip("this user may not mount a file system");
  await using disk = mounted!;
  const environment = { DATA_DIR: join(disk.path, "data"), RATE_LIMITS: "off", QUOTA_SESSIONS: "10000" };
  const ballast = join(disk.path, "ballast");
  let acknowledged: string[];
  {
    await using server = await ServerProcess.start(environment);
    const writing = startSessions(server.client());
    await expect.poll(async () => (await fetch(`${server.baseUrl}/ready`)).status).toBe(200);
    // As much as there is room for.
    await writeFile(ballast, Buffer.alloc(96 * 1024 * 1024)).catch(() => {});
    await expect.poll(() => server.exitCode).toBe(1);
    acknowledged = await writing;
    expect(acknowledged).not.toEqual([]);
    expect(server.output).toMatch(/The disk of \S+ is full: \d+ MiB are left/);
    expect(server.output).toContain("Free some space and start again. Everything that was acknowledged is kept.");
  }

  const refused = await runProgram("src/main.ts", [], { PORT: "0", ...environment });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^\nThe disk of \S+ is full: .*\nFree some space and start again\. .*\n$/s);

  await rm(ballast);
  await using server = await ServerProcess.start(environment);
  const client = server.client();
  const kept = new Set<string>();
  for (let after: string | null = null; ;) {
    const { viewer }: SessionsQuery = await client.execute(sessionsQuery, { first: 100, after });
    for (const { id } of viewer.sessions.nodes) kept.add(id);
    if (!viewer.sessions.pageInfo.hasNextPage) break;
    after = viewer.sessions.pageInfo.endCursor ?? null;
  }
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
});
