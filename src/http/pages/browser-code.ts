import { readFileSync } from "node:fs";

const folder = new URL("browser/", import.meta.url);
const importLine = /^import \{[^}]*\} from "\.\/([\w-]+\.js)";\n/gm;

/**
 * A script of `browser/` with the modules that it imports, as one text for an inline script: the page's policy allows
 * that text by its hash and no other, and an inline script cannot import. All of its modules share one scope, so their
 * top-level names must differ; modules may only `import { … } from "./file.js"` and `export` declarations.
 * @param entry such as `landing.js`
 */
export function readBrowserScript(entry: string): string {
  const parts = new Map<string, string>();
  const add = (file: string) => {
    if (parts.has(file)) return;
    parts.set(file, "");
    const source = readFileSync(new URL(file, folder), "utf8");
    for (const [, imported] of source.matchAll(importLine)) add(imported!);
    // Set anew, so that it stands after what it imports.
    parts.delete(file);
    parts.set(file, source.replaceAll(importLine, "").replaceAll(/^export /gm, ""));
  };
  add(entry);
  return `"use strict";\n{\n${[...parts.values()].join("\n")}}`;
}

/** A style sheet of `browser/`, for an inline style. */
export function readBrowserStyle(file: string): string {
  return readFileSync(new URL(file, folder), "utf8");
}
