import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Output } from "../../../src/cli/terminal/output.ts";
import { startProgress } from "../../../src/cli/terminal/progress.ts";

const written = { stdout: "", stderr: "" };

beforeEach(() => {
  for (const name of ["stdout", "stderr"] as const) {
    written[name] = "";
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** What was written, without what the test runner itself may write. */
function taken() {
  vi.restoreAllMocks();
  return { ...written };
}

test("a person reads the result on stdout, and all else on stderr", () => {
  const output = new Output({});
  output.note("a note");
  output.result({ a: 1 }, "the text");
  expect(taken()).toEqual({ stdout: "the text\n", stderr: "a note\n" });
});

test("a program reads JSON on stdout, and nothing beside it anywhere", () => {
  const output = new Output({ json: true });
  output.note("a note");
  output.result({ a: 1 }, "the text");
  expect(taken()).toEqual({ stdout: '{"a":1}\n', stderr: "" });
});

/** The lines of a long work on so many items. */
function linesOf(items: number, total: number | null): string[] {
  {
    using progress = startProgress("Working", total);
    for (let item = 0; item < items; item++) progress.advance();
  }
  return taken().stderr.trim().split("\n");
}

test("where nobody watches there is a line for each tenth, and one for the end", () => {
  expect(linesOf(25, 25)).toEqual([3, 6, 9, 12, 15, 18, 21, 24, 25].map((done) => `Working: ${done} of 25`));
});

test("a few items have a line each", () => {
  expect(linesOf(3, 3)).toEqual([1, 2, 3].map((done) => `Working: ${done} of 3`));
});

test.each([
  [null, ["Working: 0", "Working: 1"]],
  [1_000_000, ["Working: 0 of 1000000", "Working: 1 of 1000000"]],
])("of %j items there is a line within a second, and further ones while they go on", (total, lines) => {
  vi.useFakeTimers();
  try {
    {
      using progress = startProgress("Working", total);
      vi.advanceTimersByTime(1_000);
      progress.advance();
      vi.advanceTimersByTime(10_000);
    }
    vi.advanceTimersByTime(60_000);
  } finally {
    vi.useRealTimers();
  }
  expect(taken().stderr.trim().split("\n")).toEqual(lines);
});

test("where the whole is not known there is a line for each thousand", () => {
  expect(linesOf(2_500, null)).toEqual(["Working: 1000", "Working: 2000"]);
});
