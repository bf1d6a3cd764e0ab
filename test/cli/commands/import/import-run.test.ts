import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ImportReport } from "../../../../src/cli/commands/import/import-report.ts";
import { runImport } from "../../../../src/cli/commands/import/import-run.ts";
import { ImportFailure, type Importer, type ImportOutcome } from "../../../../src/cli/commands/import/importer.ts";
import { RejectsFile } from "../../../../src/cli/commands/import/rejects-file.ts";
import { watchSignals } from "../../../../src/cli/signals.ts";
import { Output } from "../../../../src/cli/terminal/output.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const refused: ImportOutcome = { result: "failed", code: "INVALID_CREDENTIAL", reason: "The key is refused." };
const imported: ImportOutcome = { result: "imported", warning: null };
const withCode = (code: string) => Object.assign(new Error("sk-ant-api03-secret"), { code });

/** Runs an import of 3,000 items of which each has the outcome that is given, or fails with what is thrown. */
async function run(outcome: (number: number) => ImportOutcome) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "rejects.jsonl");
  const report = new ImportReport("line");
  const progress = { advance: () => {}, [Symbol.dispose]: () => {} };
  let tried = 0;
  // One at a time: the item that was taken last is the one that is brought in.
  async function* items() {
    for (let number = 1; number <= 3_000; number++) {
      tried = number;
      yield number;
    }
  }
  const importer = { bring: async () => outcome(tried) } as unknown as Importer;
  const printed: { result?: Record<string, unknown>; failures: string[] } = { failures: [] };
  const output = Object.assign(new Output({ json: true }), {
    result: (value: unknown) => void (printed.result = value as Record<string, unknown>),
    failure: (text: string) => void printed.failures.push(text),
  });
  const codeBefore = process.exitCode;
  {
    await using rejects = await RejectsFile.open(file, null);
    const source = { items: items(), place: (number: number) => number, read: () => ({}) as never, concurrency: 1 };
    await runImport(importer, source, { report, progress });
    await report.conclude(output, { dryRun: false, rejects });
  }
  const code = process.exitCode;
  process.exitCode = codeBefore;
  const written = (await readFile(file, "utf8"))
    .split("\n")
    .filter(Boolean)
    .map((text) => JSON.parse(text) as object);
  return { code, written, tried, ...printed };
}

test.each([
  ["a database that refuses connections", withCode("ECONNREFUSED"), "ECONNREFUSED"],
  ["a database that ends connections", withCode("57P01"), "57P01"],
  [
    "a connection that breaks",
    new Error("x", { cause: new Error("Connection terminated unexpectedly") }),
    "ECONNRESET",
  ],
  ["a full disk", withCode("53100"), "53100"],
])(
  "%s after 600 of 3,000 lines ends with the report, the rejects, the cause and exit code 3",
  async (_name, cause, code) => {
    const ended = await run((number) => {
      if (number === 600) throw new ImportFailure(cause);
      return number === 7 ? refused : imported;
    });
    expect(ended.code).toBe(3);
    expect(ended.tried).toBe(600);
    expect(ended.written).toEqual([{ line: 7, ...refused }]);
    expect(ended.result).toMatchObject({ imported: 598, failed: 1, stopped: { code }, notImported: ended.written });
    expect(ended.failures.join()).toMatch(/^Stopped before the end\. .*a second run goes on\.$/s);
  },
);

test("an item that nobody foresaw is a failure of its own, told by its kind and never by its words", async () => {
  const ended = await run((number) => {
    if (number === 600) throw new ImportFailure(withCode("22021"));
    return imported;
  });
  expect(ended.code).toBe(3);
  const reject = { line: 600, result: "failed", code: "UNEXPECTED", reason: "could not be stored (Error 22021)" };
  expect(ended.written).toEqual([reject]);
  expect(ended.result).toMatchObject({ imported: 2_999, failed: 1, stopped: null });
  expect(JSON.stringify(ended)).not.toContain("secret");
});

test("unforeseen failures one after the other end the import, and what came before is told", async () => {
  const ended = await run((number) => {
    if (number > 5) throw new ImportFailure(withCode("XX000"));
    return imported;
  });
  expect(ended).toMatchObject({ code: 3, tried: 25, result: { imported: 5, failed: 20 } });
});

test("where nothing was stored before the end, the exit code is 1", async () => {
  const ended = await run(() => {
    throw new ImportFailure(withCode("ECONNREFUSED"));
  });
  expect(ended).toMatchObject({ code: 1, written: [], result: { imported: 0, stopped: { code: "ECONNREFUSED" } } });
});

test.each(["SIGINT", "SIGTERM"] as const)("%s ends it between two items, with the report", async (signal) => {
  using _signals = watchSignals();
  const ended = await run((number) => {
    if (number === 100) process.emit(signal);
    return number === 7 ? refused : imported;
  });
  expect(ended).toMatchObject({ code: 3, tried: 100, result: { imported: 99, failed: 1 } });
  expect(ended.result!["stopped"]).toMatchObject({ cause: expect.stringContaining(signal) });
  expect(ended.written).toHaveLength(1);
});

test("rejects that can be opened and not written are named, and the report is printed all the same", async () => {
  await using rejects = await RejectsFile.open("/dev/full", null);
  const fault = await rejects.write([{ line: 1 }]);
  expect(fault).toMatchObject({ reason: expect.stringMatching(/rejects cannot be written to \/dev\/full \(ENOSPC\)/) });
});

test("what providers accept with a warning is in the report", async () => {
  const ended = await run((number) =>
    number === 2 ? { result: "imported", warning: "It may not list models." } : imported,
  );
  expect(ended).toMatchObject({ code: 0, result: { warnings: [{ line: 2, warning: "It may not list models." }] } });
});
