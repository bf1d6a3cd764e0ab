import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Where this repository begins; ends with a slash. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A fenced block of README.md. */
export interface ReadmeBlock {
  readonly language: string;
  readonly code: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  /** The link that stands last between this block and the one before; null where there is none. */
  readonly file: string | null;
  /** The nearest heading of the second level above it. */
  readonly section: string;
}

/** All fenced blocks of README.md, the first one first. */
export async function readmeBlocks(): Promise<ReadmeBlock[]> {
  const text = await readFile(`${root}README.md`, "utf8");
  const blocks: ReadmeBlock[] = [];
  let end = 0;
  for (const match of text.matchAll(/^```(\w+)?\n(.*?)^```$/gms)) {
    const [whole, language = "", code = ""] = match;
    const links = [...text.slice(end, match.index).matchAll(/\]\(((?:src|test)\/[^)#]+)\)/g)];
    const before = text.slice(0, match.index);
    blocks.push({
      language,
      code,
      line: before.split("\n").length + 1,
      file: links.at(-1)?.[1] ?? null,
      section: [...before.matchAll(/^## (.+)$/gm)].at(-1)?.[1] ?? "",
    });
    end = match.index + whole.length;
  }
  return blocks;
}
