import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

/** The version of this program, as its package has it. */
export function readVersion(): string {
  const file = findPackageJSON(import.meta.url)!;
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
}
