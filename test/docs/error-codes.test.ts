import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { publicErrorCodes } from "../http/public-error-codes.ts";

const page = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");

/** The rows of the table of errors: code, meaning, cause and cure. */
function documentedRows(): string[][] {
  return page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")))
    .map((cells) => cells.slice(1, -1));
}

test("docs/errors.md has an entry for each error code, and none for a code that does not exist", () => {
  expect(
    documentedRows()
      .map(([code]) => code!)
      .toSorted(),
  ).toEqual([...publicErrorCodes].toSorted());
});

test("every entry tells meaning, cause and cure", () => {
  for (const row of documentedRows()) {
    expect(row).toHaveLength(4);
    expect(row.filter((cell) => cell === "")).toEqual([]);
  }
});
