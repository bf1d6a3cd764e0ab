import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { publicErrorCodes } from "../http/public-error-codes.ts";

const page = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");

/** The entries of the page: code, then meaning, usual cause and what to do. */
const entries = page
  .split(/^(?=##+ )/m)
  .map((section) => /^### `([A-Z_]+)`\n\n([^]*)$/.exec(section))
  .filter((match) => match !== null)
  .map(([, code, text]) => [code!, text!] as const);

test("docs/errors.md has an entry for each error code, and none for a code that does not exist", () => {
  expect(entries.map(([code]) => code).toSorted()).toEqual([...publicErrorCodes].toSorted());
});

test.each(entries)("the entry for %s says what it means, why it happens and what to do", (_code, text) => {
  expect(text).toMatch(/^[^\s-][^]*\.\n\n- \*\*Usual cause:\*\* [^]+\.\n- \*\*What to do:\*\* [^]+\.\s*$/);
});
