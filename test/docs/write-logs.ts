import { readFile, writeFile } from "node:fs/promises";
import { logsPage } from "./logs-page.ts";

/** Writes docs/logs.md; with --check it only compares, and fails where they differ. */
const file = new URL("../../docs/logs.md", import.meta.url);
const page = await logsPage();

if (!process.argv.includes("--check")) {
  await writeFile(file, page);
  console.log("docs/logs.md is written.");
} else if ((await readFile(file, "utf8").catch(() => "")) === page) {
  console.log("docs/logs.md is up to date.");
} else {
  console.log("docs/logs.md is not what the code says. Run `npm run codegen`, and review the difference.");
  process.exitCode = 1;
}
