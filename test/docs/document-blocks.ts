import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where this repository begins; ends with a slash. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A fenced block of a document. */
export interface DocumentBlock {
  /** The document, as a path in the repository. */
  readonly document: string;
  readonly language: string;
  readonly code: string;
  /** The line of its first line of code, from 1. */
  readonly line: number;
  /** The last file linked to between the previous block and this one, as a path in the repository; null if none is. */
  readonly file: string | null;
}

/** README.md and every page in docs/, as paths in the repository, in the order of their names. */
export async function documents(): Promise<string[]> {
  const pages = await readdir(`${root}docs`, { recursive: true });
  return ["README.md", ...pages.filter((page) => page.endsWith(".md")).map((page) => join("docs", page))].toSorted();
}

/** All fenced blocks of a document, in their order. */
export async function blocksOf(document: string): Promise<DocumentBlock[]> {
  const text = await readFile(`${root}${document}`, "utf8");
  const blocks: DocumentBlock[] = [];
  let end = 0;
  for (const match of text.matchAll(/^```(\w+)?\n(.*?)^```$/gms)) {
    const [whole, language = "", code = ""] = match;
    const links = [...text.slice(end, match.index).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map(([, path]) => join(dirname(document), path!))
      .filter((path) => /^(src|test)\//.test(path));
    const line = text.slice(0, match.index).split("\n").length + 1;
    blocks.push({ document, language, code, line, file: links.at(-1) ?? null });
    end = match.index + whole.length;
  }
  return blocks;
}
