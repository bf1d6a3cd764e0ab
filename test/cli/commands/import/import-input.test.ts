import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { countLines, parseLine, readLines } from "../../../../src/cli/commands/import/import-lines.ts";
import { runCommand } from "../../../support/run-command.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { testEnvironment } from "../../../support/test-app.ts";

const line = (user: string) => JSON.stringify({ user, provider: "anthropic", apiKey: "sk-ant-api03-a-key" });

/** What each line of a file is: the user that it names, or why it is none. */
async function read(content: Buffer | string) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "credentials.jsonl");
  await writeFile(file, content);
  const input = { file, name: `The file ${file}`, cure: "Name another." };
  const users: string[] = [];
  for await (const found of readLines(input)) {
    try {
      users.push(parseLine(found).userId);
    } catch (error) {
      users.push(`${found.number} ${(error as Error).message}`);
    }
  }
  expect(await countLines(input)).toBe(users.length);
  return users;
}

const mark = Buffer.from([0xef, 0xbb, 0xbf]);
const text = `${line("alice")}\n${line("Jürgen")}\n`;

test.each([
  ["plain", text],
  ["after a byte order mark", Buffer.concat([mark, Buffer.from(text)])],
  ["with the line ends of Windows", text.replaceAll("\n", "\r\n")],
  ["with such a line end missing at the end", text.replaceAll("\n", "\r\n").trimEnd()],
  ["with blank lines", `\n\r\n${text}  \n\t\r\n`],
  [
    "put together of files that have marks",
    Buffer.concat([mark, Buffer.from(`${line("alice")}\n`), mark, Buffer.from(line("Jürgen"))]),
  ],
])("a file %s has its lines", async (_name, content) => {
  expect(await read(content)).toEqual(["alice", "Jürgen"]);
});

test("a line with bytes that are not UTF-8 is refused, and keeps no other back", async () => {
  const latin1 = Buffer.from(`${line("Jürgen")}\n`, "latin1");
  const half = Buffer.from(`${line("山")}\n`).subarray(0, 11);
  const content = Buffer.concat([
    Buffer.from(`${line("alice")}\n`),
    latin1,
    half,
    Buffer.from(`\n${line("Jürgen")}\n`),
  ]);
  expect(await read(content)).toEqual([
    "alice",
    "2 holds bytes that are not UTF-8",
    "3 holds bytes that are not UTF-8",
    "Jürgen",
  ]);
});

const bigEndian = (content: string) => Buffer.from(content, "utf16le").swap16();

const wide = [
  ["UTF-16, as PowerShell writes it", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")])],
  ["UTF-16 of the other order", Buffer.concat([Buffer.from([0xfe, 0xff]), bigEndian(text)])],
  ["UTF-16 without a mark", Buffer.from(text, "utf16le")],
  ["UTF-16 of the other order without a mark", bigEndian(text)],
] as const;

test.each(wide)("a file in %s is refused as a whole, with the way to convert it", async (_name, content) => {
  await expect(read(content)).rejects.toMatchObject({
    reason: expect.stringMatching(/^The file .* is in UTF-16, and not in UTF-8\.$/),
    cure: expect.stringContaining("iconv -f UTF-16 -t UTF-8"),
  });
});

const environment = { ...testEnvironment, DATABASE_URL: "postgres://nobody@127.0.0.1:1/nothing" };

test.each([
  ["the file of an import", ["import"]],
  ["a key file", ["import", "maestro", "--source", "postgres://127.0.0.1:1/x", "--key-file"]],
  ["a token file", ["doctor", "--token-file"]],
] as const)("%s in UTF-16, a folder or nothing at all is named with its cure", async (_name, args) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "given");
  await writeFile(file, wide[0][1]);
  const inUtf16 = await runCommand([...args, file], environment);
  expect(inUtf16).toMatchObject({ code: 1, stderr: expect.stringMatching(/is in UTF-16, .*\nConvert it: /s) });
  const isFolder = await runCommand([...args, folder.path], environment);
  expect(isFolder).toMatchObject({ code: 1, stderr: expect.stringMatching(/cannot be read \(EISDIR\)\.\nName|Give/) });
  const missing = await runCommand([...args, join(folder.path, "nothing")], environment);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot be read (ENOENT).") });
});

test.each([
  [
    "a folder that is not there",
    (folder: string) => join(folder, "none", "rejects.jsonl"),
    /cannot be written to .*\(ENOENT\)/,
  ],
  ["a folder", (folder: string) => folder, /cannot be written to .*\(EISDIR\)/],
  ["the file that is imported", (folder: string) => join(folder, "credentials.jsonl"), /is the file to import/],
  ["a link to that file", (folder: string) => join(folder, "link"), /is the file to import/],
])("rejects in %s are refused before anything is done", async (_name, rejectsIn, words) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "credentials.jsonl");
  await writeFile(file, text);
  await symlink(file, join(folder.path, "link"));
  const { code, stderr } = await runCommand(["import", file, "--rejects", rejectsIn(folder.path)], environment);
  expect(code).toBe(1);
  expect(stderr).toMatch(words);
  expect(await countLines({ file, name: "", cure: "" })).toBe(2);
});

test("an input that fails in the middle is named", async () => {
  const broken = Readable.from(
    (function* () {
      yield Buffer.from(`${line("alice")}\n`);
      throw Object.assign(new Error("broken"), { code: "EIO", syscall: "read" });
    })(),
  );
  const before = Object.getOwnPropertyDescriptor(process, "stdin")!;
  Object.defineProperty(process, "stdin", { value: broken, configurable: true });
  try {
    const lines = readLines({ file: "-", name: "The input", cure: "Try again." });
    expect((await lines.next()).value).toMatchObject({ number: 1 });
    await expect(lines.next()).rejects.toMatchObject({ reason: "The input cannot be read (EIO)." });
  } finally {
    Object.defineProperty(process, "stdin", before);
  }
});
