import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { rateLimits } from "../../src/rate-limits/limits.ts";

const page = await readFile(new URL("../../docs/limits.md", import.meta.url), "utf8");

test("the table of rate limits in docs/limits.md is the one in the code", () => {
  const [, section = ""] = page.split("\n## Rate limits\n");
  const rows = [...section.split("\n## ", 1)[0]!.matchAll(/^\| `([a-z-]+)` +\| (\d+) +\| (\d+) +\|/gm)];
  expect(
    Object.fromEntries(rows.map(([, name, points, seconds]) => [name, [Number(points), Number(seconds)]])),
  ).toEqual(
    Object.fromEntries(Object.entries(rateLimits).map(([name, { points, seconds }]) => [name, [points, seconds]])),
  );
});
