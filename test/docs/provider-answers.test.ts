import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { loadCatalog } from "../../src/providers/registry.ts";
import { providerAnswersPage } from "./provider-answers-page.ts";

const catalog = await loadCatalog();
const page = await readFile(new URL("../../docs/provider-answers.md", import.meta.url), "utf8");

test("the page of answers is what the entries say", async () => {
  expect(page).toBe(await providerAnswersPage(catalog));
});

test.each(catalog)("it has every code, text and source of $name", ({ answers }) => {
  for (const { codes = [], text = [], source } of answers!.rules) {
    for (const word of [...codes, ...text, source]) expect(page.replaceAll(/\s+/g, " ")).toContain(word);
  }
});
