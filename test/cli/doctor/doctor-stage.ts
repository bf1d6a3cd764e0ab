import { randomBytes } from "node:crypto";
import type { ProgramOptions } from "../../support/server-process.ts";
import type { CommandStage } from "../command-stage.ts";

export interface Found {
  readonly status: "ok" | "warn" | "fail" | "skip";
  readonly detail?: string;
  readonly cause?: string;
  readonly cure?: string;
}

/** A key as production has one. */
export const randomKey = () => randomBytes(32).toString("base64");

/** What `maestro-auth doctor` finds on a stage, by the names of its checks. */
export async function examine(
  stage: CommandStage,
  variables: Readonly<Record<string, string>> = {},
  options: ProgramOptions = {},
): Promise<{ code: number | null; found: ReadonlyMap<string, Found>; output: string }> {
  const { code, stdout, output } = await stage.run(["doctor", "--json"], {
    ...options,
    environment: { ...stage.environment, ...variables },
  });
  const report = JSON.parse(stdout) as { ok: boolean; checks: ({ check: string } & Found)[] };
  if (report.ok !== (code === 0)) throw new Error(`the exit code ${code} is not what the report says`);
  return { code, found: new Map(report.checks.map(({ check, ...found }) => [check, found])), output };
}
