import { resolveCursorConnection, type ResolveCursorConnectionArgs } from "@pothos/plugin-relay";
import { ValidationError } from "../errors/auth-error.ts";
import type { Page, Position } from "../lib/pagination.ts";
import { isUuid } from "./node-id.ts";

export const maxPageSize = 100;
export const defaultPageSize = 20;
/** The end of the year 9999: no later one has a form that PostgreSQL reads. */
const maxTime = 253_402_300_799_999;

interface PageArguments {
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
}

function toCursor({ createdAt, id }: Position): string {
  return Buffer.from(`c1.${createdAt.getTime()}.${id}`).toString("base64url");
}

function toPosition(
  name: "after" | "before",
  cursor: string | undefined,
  isRowId: (text: string) => boolean,
): Position | undefined {
  if (cursor === undefined) return undefined;
  const [, time, id] =
    /^c1\.(\d{1,15})\.(.{1,36})$/.exec(Buffer.from(cursor.slice(0, 128), "base64url").toString()) ?? [];
  if (id !== undefined && isRowId(id) && Number(time) <= maxTime) return { createdAt: new Date(Number(time)), id };
  throw new ValidationError([{ path: [name], message: "is not a cursor of this connection" }]);
}

function assertPageSize(args: PageArguments): void {
  for (const name of ["first", "last"] as const) {
    const size = args[name] ?? 0;
    if (size < 0 || size > maxPageSize) {
      throw new ValidationError([{ path: [name], message: `must be from 0 to ${maxPageSize}` }]);
    }
  }
}

/**
 * One page of a connection. @throws ValidationError for a size or a cursor that is not allowed.
 * @param isRowId whether a text can be the id of a row of this kind.
 */
export async function resolvePage<Row extends Position>(
  args: PageArguments,
  read: (query: Page) => Promise<Row[]>,
  isRowId: (text: string) => boolean = isUuid,
) {
  assertPageSize(args);
  const connection = await resolveCursorConnection(
    { args, defaultSize: defaultPageSize, maxSize: maxPageSize, toCursor },
    ({ after, before, limit, inverted }: ResolveCursorConnectionArgs) =>
      read({
        after: toPosition("after", after, isRowId),
        before: toPosition("before", before, isRowId),
        limit,
        inverted,
      }),
  );
  // Of an empty page the plugin says "".
  const { startCursor, endCursor } = connection.pageInfo;
  const cursors = { startCursor: startCursor || null, endCursor: endCursor || null };
  return { ...connection, pageInfo: { ...connection.pageInfo, ...cursors } };
}
