import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { PostgresCluster } from "../../../support/postgres-cluster.ts";
import { compileCache } from "../../../support/server-process.ts";
import { type CommandStage, commandStage } from "../../command-stage.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) =>
    JSON.stringify({ user: `user-${from + index}`, provider: "anthropic", apiKey: `sk-ant-api03-key-${from + index}` }),
  )
    .join("\n")
    .concat("\n");

/** An import from stdin that goes on until the test ends its input, or it. */
function startImport({ environment, folder }: Pick<CommandStage, "environment" | "folder">) {
  const rejects = join(folder, "rejects.jsonl");
  const child = spawn(process.execPath, ["src/cli.ts", "import", "-", "--no-check", "--json", "--rejects", rejects], {
    cwd: root,
    env: { PATH: process.env["PATH"], ...compileCache, ...environment },
    stdio: "pipe",
  });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk: Buffer) => (printed[name] += chunk.toString()));
  }
  child.stdin.on("error", () => {});
  const closed = once(child, "close") as Promise<[number | null]>;
  return {
    child,
    printed,
    ended: async () => {
      const [code] = await closed;
      return {
        code,
        report: JSON.parse(printed.stdout) as Record<string, unknown>,
        rejects: await readFile(rejects, "utf8"),
      };
    },
  };
}

test("Ctrl-C ends an import that waits for more, with the report, the rejects and exit code 3", async () => {
  await using stage = await commandStage();
  const { child, printed, ended } = startImport(stage);
  child.stdin.write(`${lines(1, 5)}{"user":"nobody"}\n`);
  // It says how far it is, also while nothing comes.
  await expect.poll(() => printed.stderr).toContain("Importing: 6");
  child.kill("SIGINT");
  const { code, report, rejects } = await ended();
  expect(code).toBe(3);
  expect(report).toMatchObject({ imported: 5, failed: 1, stopped: { cause: "SIGINT: stopped before the end." } });
  expect(JSON.parse(rejects)).toMatchObject({ line: 6, code: "NOT_READABLE" });
});

test("a database that goes away ends an import with what was done, and a second run goes on", async ({ skip }) => {
  const programs = await PostgresCluster.find();
  if (programs === null) skip("there is no PostgreSQL to start");
  await using cluster = await PostgresCluster.create(programs!);
  await using stage = await commandStage({ DATABASE_URL: cluster.url });
  expect(await stage.runAsProcess(["migrate"])).toMatchObject({ code: 0 });
  const first = startImport(stage);
  first.child.stdin.write(lines(1, 100));
  await expect.poll(() => first.printed.stderr).toContain("Importing: 100");
  await cluster.stopImmediately();
  first.child.stdin.write(lines(101, 150));
  const { code, report } = await first.ended();
  expect(code).toBe(3);
  expect(report).toMatchObject({ imported: 100, failed: 0, stopped: { cause: expect.stringMatching(/PostgreSQL/) } });
  expect(first.printed.stderr).not.toMatch(/Unexpected failure|^\s+at /m);

  await cluster.start();
  const second = startImport(stage);
  second.child.stdin.end(lines(1, 150));
  expect(await second.ended()).toMatchObject({
    code: 0,
    report: { imported: 50, unchanged: 100, failed: 0, stopped: null },
    rejects: "",
  });
});
