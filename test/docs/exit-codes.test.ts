import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { exitCodeHelp, exitCodeMeanings, exitCodes } from "../../src/cli/exit-code.ts";

const page = await readFile(new URL("../../docs/command-line.md", import.meta.url), "utf8");

test("the documented table of exit codes is the one in the code, and so is that of every --help", () => {
  const [, table = ""] = /^\| Exit code \|.*\n\| -.*\n((?:\|.*\n)+)/m.exec(page) ?? [];
  const rows = table
    .trim()
    .split("\n")
    .map((row) => row.split("|").map((cell) => cell.trim()))
    .map(([, code, meaning]) => [Number(code), meaning]);
  const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  expect(rows).toEqual(names.map((name) => [exitCodes[name], exitCodeMeanings[name]]));
  const help = exitCodeHelp.replaceAll(/\s+/g, " ");
  for (const name of names) expect(help).toContain(`${exitCodes[name]} ${exitCodeMeanings[name]}`);
});
