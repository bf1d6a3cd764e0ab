import type { Command } from "commander";
import { expect, test } from "vitest";
import { createProgram } from "../../src/cli/program.ts";

function commandsOf(command: Command, path: string): [path: string, command: Command][] {
  return command.commands.flatMap((child) => {
    const name = `${path} ${child.name()}`;
    return [[name, child] as [string, Command], ...commandsOf(child, name)];
  });
}

const program = createProgram();
const commands = commandsOf(program, "maestro-auth");

/** As it is printed where the width of the terminal is not known. */
function helpOf(command: Command): string {
  let help = "";
  command.configureOutput({ writeOut: (text) => void (help += text), getOutHelpWidth: () => 80 });
  command.outputHelp();
  return help;
}

test("every command is known", () => {
  expect(commands.map(([path]) => path.replace("maestro-auth ", "")).toSorted()).toEqual([
    "audit",
    "audit export",
    "credentials",
    "credentials list",
    "credentials revoke",
    "doctor",
    "health",
    "import",
    "import maestro",
    "keys",
    "keys destroy",
    "keys list",
    "keys reseal",
    "keys rewrap",
    "keys rotate",
    "migrate",
    "providers",
    "restored",
    "schema",
    "serve",
    "sessions",
    "sessions end",
    "sessions list",
    "token",
  ]);
});

test.each(commands)("the help of `%s` reads like that of the others", (path, command) => {
  // In the list of commands: a phrase. As the head of its help: sentences, that the terminal's width breaks.
  expect(command.summary()).toMatch(/^[a-z].*[^.]$/);
  expect(command.description()).toMatch(/^[A-Z][^\n]*\.$/);
  for (const { flags, description } of command.options) {
    expect({ flags, description }).toEqual({
      flags,
      description: expect.stringMatching(/^([a-z]|The Maestro|PORT).*[^.]$/),
    });
  }
  const help = helpOf(command);
  expect(help.split("\n").filter((line) => line.length >= 124)).toEqual([]);
  expect(help).not.toContain("default: [");
  expect(help).toContain("\nExit codes:\n");
  if (command.commands.length > 0 && command.registeredArguments.length === 0) return;
  expect(command.options.map(({ long }) => long)).toContain("--json");
  expect(help).toMatch(new RegExp(`\\nExamples?:\\n(  .*\\n)*  .*${path}`));
});
