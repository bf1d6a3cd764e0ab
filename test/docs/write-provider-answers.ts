import { mkdir, readFile, writeFile } from "node:fs/promises";
import { loadCatalog } from "../../src/providers/registry.ts";
import { providerAnswersPage } from "./provider-answers-page.ts";

/** Writes docs/provider-answers.md; with --check it only compares, and fails where they differ. */
const file = new URL("../../docs/provider-answers.md", import.meta.url);
const page = await providerAnswersPage(await loadCatalog());

if (process.argv.includes("--check")) {
  const isCurrent = (await readFile(file, "utf8").catch(() => "")) === page;
  console.log(
    isCurrent
      ? "docs/provider-answers.md is up to date."
      : "docs/provider-answers.md differs from the catalogue. Run `npm run codegen`, and review the difference.",
  );
  if (!isCurrent) process.exitCode = 1;
} else {
  await mkdir(new URL(".", file), { recursive: true });
  await writeFile(file, page);
  console.log("docs/provider-answers.md is written.");
}
