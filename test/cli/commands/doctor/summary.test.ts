import { afterEach, expect, test, vi } from "vitest";
import { fail, type Finding, ok, skip, warn } from "../../../../src/cli/commands/doctor/check.ts";
import { Examination } from "../../../../src/cli/commands/doctor/examination.ts";
import { Output } from "../../../../src/cli/terminal/output.ts";

afterEach(() => vi.restoreAllMocks());

async function conclude(findings: readonly Finding[], json = false): Promise<string[]> {
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  const examination = new Examination(new Output({ json }));
  for (const [index, finding] of findings.entries()) await examination.check(`check-${index}`, () => finding);
  examination.conclude();
  vi.restoreAllMocks();
  return printed.join("").trim().split("\n");
}

const broken = fail("It is broken.", "Mend it.");
const doubtful = warn("It is doubtful.", "Think about it.");

test.each([
  [
    [doubtful, ok("fine"), broken, fail("More.", "Mend that.")],
    "2 failed, 1 warning, 1 passed, 0 skipped",
    "Do this first: Mend it.",
  ],
  [
    [ok("fine"), skip("no"), doubtful, doubtful],
    "0 failed, 2 warnings, 1 passed, 1 skipped",
    "Do this first: Think about it.",
  ],
  [[ok("fine")], "0 failed, 0 warnings, 1 passed, 0 skipped", "Nothing has to be done."],
])("it ends with how many checks ended how, and with what to do first (%#)", async (findings, summary, advice) => {
  expect((await conclude(findings)).slice(-2)).toEqual([summary, advice]);
});

test("programs are told the same", async () => {
  const [line] = await conclude([ok("fine"), broken], true);
  expect(JSON.parse(line!)).toMatchObject({
    ok: false,
    summary: { failed: 1, warnings: 0, passed: 1, skipped: 0 },
    first: { check: "check-1", cure: "Mend it." },
  });
});

test("what a check could not foresee is a failure with something to do", async () => {
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  const examination = new Examination(new Output({}));
  await examination.check("odd", () => Promise.reject(new RangeError("nobody thought of this")));
  examination.conclude();
  vi.restoreAllMocks();
  expect(printed.join("")).toMatch(/1 failed, .*\nDo this first: \S/s);
  expect(printed.join("")).not.toContain("nobody thought of this");
});
