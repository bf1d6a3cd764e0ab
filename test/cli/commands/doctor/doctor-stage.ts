import { randomBytes } from "node:crypto";
import type { CommandStage } from "../../command-stage.ts";

export interface Found {
  readonly status: "ok" | "warn" | "fail" | "skip";
  readonly detail?: string;
  readonly cause?: string;
  readonly cure?: string;
}

type Printed = Omit<Awaited<ReturnType<CommandStage["runAsProcess"]>>, "stderr">;

/** A key as production has one. */
export const randomKey = () => randomBytes(32).toString("base64");

/** What `maestro-auth doctor` finds on a stage, by the names of its checks. */
export async function examine(
  stage: CommandStage,
  variables: Readonly<Record<string, string>> = {},
  run: (...command: Parameters<CommandStage["runAsProcess"]>) => Promise<Printed> = (args, options) =>
    stage.run(args, options),
): Promise<{ code: number | null; found: ReadonlyMap<string, Found>; output: string }> {
  const { code, stdout, output } = await run(["doctor", "--json"], {
    environment: { ...stage.environment, ...variables },
  });
  const report = JSON.parse(stdout) as { ok: boolean; checks: ({ check: string } & Found)[] };
  if (report.ok !== (code === 0)) throw new Error(`the exit code ${code} is not what the report says`);
  return { code, found: new Map(report.checks.map(({ check, ...found }) => [check, found])), output };
}
