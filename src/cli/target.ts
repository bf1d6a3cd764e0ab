import { Command, InvalidArgumentError } from "commander";
import { AuthError } from "../errors/auth-error.ts";
import { exitCodes } from "./exit-code.ts";
import { jsonOption, type Output } from "./terminal/output.ts";
import { printable } from "./terminal/terminal.ts";
import { parseUser } from "./user-option.ts";

/** What became of one of the things that a command was told to act on. */
interface Failure {
  readonly id: string;
  readonly code: string;
  readonly reason: string;
}

function parseIds(value: string, previous: readonly string[] = []): string[] {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) {
    throw new InvalidArgumentError("An id looks like 0b7c1c9e-5a52-4f5f-9d0c-6f1f0a7f3f11; `list` shows them.");
  }
  return [...previous, value.toLowerCase()];
}

/** A command that acts on things of one user, named by their ids. */
export function targetCommand(name: string): Command {
  return new Command(name)
    .argument("<ids...>", "their ids, as `list` shows them", parseIds)
    .requiredOption("--user <id>", "whose they are; required", parseUser)
    .addOption(jsonOption());
}

/** Acts on one after the other, so that one that fails keeps none of the others back, and reports on all. */
export async function actOnEach<Done extends object>(
  ids: readonly string[],
  output: Output,
  { act, tell, key }: { act: (id: string) => Promise<Done>; tell: (done: Done) => string; key: string },
): Promise<void> {
  const done: Done[] = [];
  const failed: Failure[] = [];
  for (const id of new Set(ids)) {
    try {
      const result = await act(id);
      done.push(result);
      if (!output.isJson) output.result(result, printable(tell(result)));
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const { code } = error;
      // The message of a missing one tells what an application can ask.
      const reason = code.endsWith("_NOT_FOUND") ? "This user has none with this id." : error.message;
      failed.push({ id, code, reason });
      output.note(`${id}: ${reason} (${code})`);
    }
  }
  if (output.isJson) output.result({ [key]: done, failed }, "");
  if (failed.length > 0) process.exitCode = done.length > 0 ? exitCodes.partial : exitCodes.failed;
}
