import { readFile, writeFile } from "node:fs/promises";
import { withSourceMap } from "./source-map.ts";

// Prints the order of src/ into src/README.md; with --check it fails where that would change it.
const file = new URL("../../src/README.md", import.meta.url);
const readme = await readFile(file, "utf8");
const printed = await withSourceMap(readme);
if (!process.argv.includes("--check")) {
  await writeFile(file, printed);
} else if (printed !== readme) {
  process.stderr.write("src/README.md differs from test/architecture/source-order.ts: run `npm run codegen`.\n");
  process.exitCode = 1;
}
