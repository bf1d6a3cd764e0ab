import { Command, InvalidArgumentError, Option } from "commander";
import type { OwnedPosition, Page, PageOfAll } from "../lib/pagination.ts";
import { jsonOption, type OutputOptions } from "./terminal/output.ts";
import { parseUser } from "./user-option.ts";

/** What every list of users' rows can be asked. */
export interface ListingOptions extends OutputOptions {
  readonly user?: string;
  readonly all?: true;
  readonly limit: number;
  readonly after?: OwnedPosition;
}

const maxLimit = 1_000;

/** How a kind of row is read: of one user, and of all. */
interface Rows<Row> {
  ofUser(userId: string, page: Page): Promise<Row[]>;
  ofAll(page: PageOfAll): Promise<Row[]>;
}

function toCursor({ userId, createdAt, id }: OwnedPosition): string {
  return Buffer.from(JSON.stringify([createdAt.getTime(), id, userId])).toString("base64url");
}

function parseCursor(value: string): OwnedPosition {
  try {
    const [time, id, userId] = JSON.parse(Buffer.from(value, "base64url").toString()) as [number, string, string];
    const createdAt = new Date(time);
    // A list made it: the user id is one that is stored, also where the rule for new ones is stricter by now.
    if (
      /^[0-9a-f-]{36}$/.test(id) &&
      !Number.isNaN(createdAt.getTime()) &&
      typeof userId === "string" &&
      userId !== ""
    ) {
      return { createdAt, id, userId };
    }
  } catch {
    // Below.
  }
  throw new InvalidArgumentError("Use the cursor printed at the end of the previous page.");
}

function parseLimit(value: string): number {
  const limit = Number(value);
  if (!/^\d+$/.test(value) || limit < 1 || limit > maxLimit) {
    throw new InvalidArgumentError(`It must be between 1 and ${maxLimit}.`);
  }
  return limit;
}

/** `list` of something that belongs to users: of one or of all, page by page. */
export function listCommand(what: string): Command {
  return new Command("list")
    .description(`List ${what}, page by page.`)
    .option("--user <id>", "of one user", parseUser)
    .addOption(new Option("--all", "of all users, in order of their IDs").conflicts("user"))
    .option("--limit <number>", "rows of a page", parseLimit, 50)
    .option("--after <cursor>", "continue after the previous page", parseCursor)
    .addOption(jsonOption());
}

/** Ends the command where it was not said whose rows are meant: those of all are a lot to get by mistake. */
export function requireWhose({ user, all }: ListingOptions, command: Command): void {
  if (user === undefined && all === undefined) command.error("error: give --user <id> or --all");
}

/** Reads the page that was asked for, and where the next one begins; null: there is none. */
export async function readPage<Row extends OwnedPosition>(
  { user, limit, after }: ListingOptions,
  rows: Rows<Row>,
): Promise<{ readonly page: Row[]; readonly next: string | null }> {
  // One more than asked tells whether there is a next page.
  const found =
    user === undefined
      ? await rows.ofAll({ after, limit: limit + 1 })
      : await rows.ofUser(user, { after, limit: limit + 1, inverted: false });
  const page = found.slice(0, limit);
  return { page, next: found.length > limit ? toCursor(page.at(-1)!) : null };
}

/** What follows a table that does not show all. */
export function nextHint(next: string | null): string {
  return next === null ? "" : `\nThere are more. For the next page, add --after ${next}`;
}
