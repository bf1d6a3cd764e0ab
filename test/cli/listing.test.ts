import { Command } from "commander";
import { expect, test } from "vitest";
import { listCommand, type ListingOptions, nextHint, readPage } from "../../src/cli/listing.ts";
import type { OwnedPosition } from "../../src/lib/pagination.ts";

const rows: readonly OwnedPosition[] = Array.from({ length: 5 }, (_, index) => ({
  userId: index < 3 ? "alice" : "bob",
  createdAt: new Date(1_000 * index),
  id: `00000000-0000-4000-8000-00000000000${index}`,
}));

/** Rows after a place, as a database reads them. */
const after = (all: readonly OwnedPosition[], place: { readonly id: string } | undefined, limit: number) =>
  all.slice(all.findIndex(({ id }) => id === place?.id) + 1).slice(0, limit);

const source = {
  ofUser: (userId: string, page: { after?: { id: string } | undefined; limit: number }) =>
    Promise.resolve(
      after(
        rows.filter((row) => row.userId === userId),
        page.after,
        page.limit,
      ),
    ),
  ofAll: (page: { after?: { id: string } | undefined; limit: number }) =>
    Promise.resolve(after(rows, page.after, page.limit)),
};

/** What the command line makes of these words. */
async function parse(...words: string[]): Promise<ListingOptions> {
  let options: ListingOptions | undefined;
  const command = listCommand("rows").action((parsed: ListingOptions) => void (options = parsed));
  for (const one of [command, ...command.commands] as Command[])
    one.exitOverride().configureOutput({ writeErr: () => {} });
  await command.parseAsync(words, { from: "user" });
  return options!;
}

test.each([
  [["--all"], [[0, 1], [2, 3], [4]]],
  [
    ["--user", "alice"],
    [[0, 1], [2]],
  ],
  [["--user", "bob"], [[3, 4]]],
  [["--user", "carol"], [[]]],
])(
  "with %j the pages follow each other by what each has ended with, and the last one says so",
  async (whose, pages) => {
    let cursor: string[] = [];
    for (const [index, expected] of pages.entries()) {
      const { page, next } = await readPage(await parse(...whose, "--limit", "2", ...cursor), source);
      expect(page).toEqual(expected.map((row) => rows[row]));
      expect(next === null).toBe(index === pages.length - 1);
      expect(nextHint(next)).toBe(next === null ? "" : `\nThere are more. For the next page, add --after ${next}`);
      cursor = next === null ? [] : ["--after", next];
    }
  },
);

const cursorOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

test.each([
  "garbage",
  cursorOf(null),
  cursorOf([0, "no id", "alice"]),
  cursorOf(["never", rows[0]!.id, "alice"]),
  cursorOf([0, rows[0]!.id, ""]),
  cursorOf([1e20, rows[0]!.id, "alice"]),
])("%s is no cursor", async (cursor) => {
  await expect(parse("--all", "--after", cursor)).rejects.toThrow(
    "Use the cursor printed at the end of the previous page.",
  );
});

test.each(["0", "-1", "1001", "1.5", "1e2", "many"])("a page has no %s rows", async (limit) => {
  await expect(parse("--all", "--limit", limit)).rejects.toThrow("It must be between 1 and 1000.");
});

test("a page has 1 to 1000 rows, and 50 unless it is told otherwise", async () => {
  expect((await parse("--all")).limit).toBe(50);
  for (const limit of [1, 1_000]) expect((await parse("--all", "--limit", String(limit))).limit).toBe(limit);
});
