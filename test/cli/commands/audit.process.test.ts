import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { startSessionMutation } from "../../client/operations.ts";
import { runCommand } from "../../support/run-command.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { commandStage } from "../command-stage.ts";
import { fillAuditLog, parseExport } from "./audit-stage.ts";

test("a reader that leaves before the end is no failure", async () => {
  await using stage = await commandStage();
  await fillAuditLog(stage, 20_000);
  const program = `${process.execPath} src/cli.ts audit export | head -n 2; exit \${PIPESTATUS[0]}`;
  const child = spawn("bash", ["-c", program], {
    env: { PATH: process.env["PATH"], ...stage.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const seen = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (seen.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (seen.stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  expect({ code, stderr: seen.stderr }).toEqual({ code: 0, stderr: "" });
  expect(parseExport(seen.stdout)).toHaveLength(2);
});

test("it exports from PostgreSQL beside a running server", async ({ skip }) => {
  await using stage = await commandStage({ NODE_ENV: "development" });
  if (stage.environment["DATABASE_URL"] === undefined) skip("the embedded database has one process");
  await using server = await ServerProcess.start(stage.environment);
  await server.client().execute(startSessionMutation, { input: {} });
  const { code, output } = await stage.runAsProcess(["audit", "export"]);
  expect(code).toBe(0);
  expect(parseExport(output)).toMatchObject([{ userId: "developer", action: "session.start" }]);
});

test("of the embedded database of a running server it says why it cannot export, and what to do", async () => {
  await using folder = await temporaryFolder();
  await using _server = await ServerProcess.start({ DATA_DIR: folder.path });
  const { code, output } = await runCommand(["audit", "export"], { DATA_DIR: folder.path });
  expect(code).toBe(1);
  expect(output).toMatch(/in use by another process \(process \d+\)[\s\S]*Stop that process/);
});
