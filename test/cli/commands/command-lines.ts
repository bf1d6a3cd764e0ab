import type { Command } from "commander";
import { createProgram } from "../../../src/cli/program.ts";

const id = "0b7c1c9e-5a52-4f5f-9d0c-6f1f0a7f3f11";

/** Arguments with which each command would do its work, by the words that name it. */
export const commandLines: Readonly<Record<string, readonly string[]>> = {
  serve: [],
  migrate: [],
  doctor: [],
  health: [],
  token: ["--user", "alice"],
  providers: [],
  "credentials list": ["--all"],
  "credentials revoke": ["--user", "alice", "--yes", id],
  "sessions list": ["--all"],
  "sessions end": ["--user", "alice", id],
  import: ["-"],
  "import maestro": [],
  "keys rotate": [],
  "keys list": [],
  "keys reseal": [],
  "keys destroy": ["1", "--yes"],
  "keys rewrap": [],
  "audit export": [],
  restored: [],
  schema: ["--check"],
};

/** Commands that open no database. */
export const withoutDatabase: readonly string[] = ["health", "token", "providers", "schema", "import maestro"];

/** The words of a command with its arguments. */
export function lineOf(name: string): string[] {
  return [...name.split(" "), ...commandLines[name]!];
}

/** The commands that do something, each by the words that name it. */
export function namesOf(command: Command = createProgram(), path: readonly string[] = []): string[] {
  const inner = command.commands.flatMap((child) => namesOf(child, [...path, child.name()]));
  return inner.length === 0 || command.registeredArguments.length > 0 ? [path.join(" "), ...inner] : inner;
}
