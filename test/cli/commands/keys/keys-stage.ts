import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import { ExampleProcess } from "../../../support/server-process.ts";
import type { CommandStage } from "../../command-stage.ts";

export const newKek = (id: string) => `${id}:${randomBytes(32).toString("base64")}`;

/** What `keys list --json` says of a key. */
export interface ListedKey {
  readonly id: number;
  readonly state: string;
  readonly kekId: string;
  readonly rows: number;
  readonly notLoadedBy: readonly { readonly server: string; readonly reason: string }[];
}

export async function listKeys(stage: CommandStage, environment = stage.environment): Promise<ListedKey[]> {
  const { code, stdout, output } = await stage.run(["keys", "list", "--json"], { environment });
  if (code !== 0) throw new Error(output);
  return (JSON.parse(stdout) as { keys: ListedKey[] }).keys;
}

/** Lets a minute pass for the keys, before which none is destroyed. */
export async function passMinute(stage: CommandStage, variables: Readonly<Record<string, string>> = {}): Promise<void> {
  await stage.within(
    ({ storage: { database } }) =>
      database
        .em()
        .execute("update encryption_keys set activated_at = activated_at - interval '61 seconds' where id = 3"),
    variables,
  );
}

/** The lines of JSON that a command has printed. */
export function linesOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The command, as a process that can be stopped. */
export function startCommand(environment: CommandStage["environment"], ...args: string[]): ExampleProcess {
  return new ExampleProcess("src/cli.ts", environment, ["keys", ...args]);
}

/** Waits until a process has printed something. */
export async function printed(process: ExampleProcess, text: string | RegExp): Promise<void> {
  await expect.poll(() => process.output).toMatch(text);
}
