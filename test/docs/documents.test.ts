import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildSchema, parse, validate } from "graphql";
import { expect, test } from "vitest";
import type { ProviderDefinition } from "../../src/providers/provider-definition.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { blocksOf, documents, root } from "./document-blocks.ts";

const pages = await documents();
const blocks = (await Promise.all(pages.map((page) => blocksOf(page)))).flat();
const schema = buildSchema(await readFile(`${root}schema.graphql`, "utf8"));

function inLanguage(language: string) {
  return blocks
    .filter((block) => block.language === language)
    .map((block) => [`${block.document}:${block.line}`, block] as const);
}

test.each(inLanguage("ts"))("the ts block at %s is a part of the file that it names", async (_place, block) => {
  expect(block.file).not.toBeNull();
  // The one file that does not exist: the example of a new provider.
  if (block.file === "src/providers/catalog") return;
  const file = await readFile(`${root}${block.file}`, "utf8");
  expect(`\n${file}`).toContain(`\n${block.code}`);
});

test("the example of a new provider is a complete one", async () => {
  const [, block] = inLanguage("ts").find(([, { file }]) => file === "src/providers/catalog")!;
  await using folder = await temporaryFolder();
  const file = join(folder.path, "mistral.ts");
  await writeFile(file, block.code.replace("../provider.ts", `${root}src/providers/provider.ts`));
  const { provider } = (await import(/* @vite-ignore */ file)) as { provider: ProviderDefinition };
  expect(provider).toMatchObject({ name: "mistral", create: expect.any(Function) });
});

test.each(inLanguage("graphql"))("the graphql block at %s is valid", (_place, { code }) => {
  expect(validate(schema, parse(code)).map(({ message }) => message)).toEqual([]);
});

test("the operations that relay-compiler has written are valid", async () => {
  for (const name of ["relayStateQuery", "relayConnectMutation", "relayEventsSubscription"]) {
    const module = (await import(`../examples/__generated__/${name}.graphql.ts`)) as {
      default: { params: { text: string } };
    };
    expect(validate(schema, parse(module.default.params.text)).map(({ message }) => message)).toEqual([]);
  }
});

/** The names by which headings can be linked to, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, "");
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

const maps = (await readdir(`${root}src`, { recursive: true }))
  .filter((file) => file.endsWith("README.md"))
  .map((file) => join("src", file));

test.each([...pages, ...maps])("everything that %s links to is there", async (document) => {
  const text = await readFile(`${root}${document}`, "utf8");
  const links = [...text.replaceAll(/^```.*?^```$/gms, "").matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)];
  const missing: string[] = [];
  for (const [link, path, anchor] of links) {
    const target = join(root, path === "" ? document : join(dirname(document), path!));
    if (!existsSync(target)) missing.push(link);
    else if (anchor !== undefined && !anchorsOf(await readFile(target, "utf8")).includes(anchor)) missing.push(link);
  }
  expect(missing).toEqual([]);
});

test("docs/README.md lists every page in docs/", async () => {
  const index = await readFile(`${root}docs/README.md`, "utf8");
  const listed = [...index.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => join("docs", path!));
  const expected = pages.filter((page) => page.startsWith("docs/") && !page.startsWith("docs/decisions/"));
  expect(expected.filter((page) => page !== "docs/README.md" && !listed.includes(page))).toEqual([]);
});

test("README.md has at most 25 KB", async () => {
  expect((await readFile(`${root}README.md`)).length).toBeLessThanOrEqual(25_000);
});

test.each([...pages, "CHANGELOG.md"])("no table of %s is wider than 160 columns", async (document) => {
  const lines = (await readFile(`${root}${document}`, "utf8")).split("\n");
  expect(lines.filter((line) => line.startsWith("|") && line.length > 160)).toEqual([]);
});
