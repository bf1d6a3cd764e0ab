import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildSchema, parse, validate } from "graphql";
import { expect, test } from "vitest";
import type { ProviderDefinition } from "../../src/providers/provider-definition.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { readmeBlocks, root } from "./readme-block.ts";

const blocks = await readmeBlocks();
const schema = buildSchema(await readFile(`${root}schema.graphql`, "utf8"));

function inLanguage(language: string) {
  return blocks.filter((block) => block.language === language).map((block) => [block.line, block] as const);
}

test.each(inLanguage("ts"))("the ts block at line %i is a part of the file that it names", async (_line, block) => {
  expect(block.file).not.toBeNull();
  // The one file that is not there: how to add a provider.
  if (block.file === "src/providers/catalog") return;
  const file = await readFile(`${root}${block.file}`, "utf8");
  expect(`\n${file}`).toContain(`\n${block.code}`);
});

test("the provider to add is a whole one", async () => {
  const [, block] = inLanguage("ts").find(([, { file }]) => file === "src/providers/catalog")!;
  await using folder = await temporaryFolder();
  const file = join(folder.path, "mistral.ts");
  await writeFile(file, block.code.replace("../provider.ts", `${root}src/providers/provider.ts`));
  const { provider } = (await import(/* @vite-ignore */ file)) as { provider: ProviderDefinition };
  expect(provider).toMatchObject({ name: "mistral", create: expect.any(Function) });
});

test.each(inLanguage("graphql"))("the graphql block at line %i is valid", (_line, { code }) => {
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

const maps = [
  "README.md",
  "src/README.md",
  "src/auth/README.md",
  "src/events/README.md",
  "src/graphql/README.md",
  "src/http/README.md",
];

test.each(maps)("every file and folder that %s links to is there", async (file) => {
  const text = await readFile(`${root}${file}`, "utf8");
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, path]) => path!);
  expect(links.length).toBeGreaterThan(4);
  expect(links.filter((path) => !existsSync(join(root, dirname(file), path)))).toEqual([]);
});
