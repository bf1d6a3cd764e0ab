/** A row's place among a user's rows of its kind, which are ordered by the time of their creation. */
export interface Position {
  readonly createdAt: Date;
  readonly id: string;
}

/** Which rows to read for a page. */
export interface Page {
  readonly after?: Position | undefined;
  readonly before?: Position | undefined;
  readonly limit: number;
  /** From the end backwards. */
  readonly inverted: boolean;
}

type Comparison = "$gt" | "$lt";

function beyond({ createdAt, id }: Position, comparison: Comparison) {
  return { $or: [{ createdAt: { [comparison]: createdAt } }, { createdAt, id: { [comparison]: id } }] };
}

/** How a page is read: conditions, order and limit, as MikroORM takes them. */
export function pageOf({ after, before, limit, inverted }: Page) {
  const direction = inverted ? ("desc" as const) : ("asc" as const);
  return {
    conditions: [
      ...(after === undefined ? [] : [beyond(after, "$gt")]),
      ...(before === undefined ? [] : [beyond(before, "$lt")]),
    ],
    options: { limit, orderBy: { createdAt: direction, id: direction } },
  };
}

/** A row's place among the rows of all users, which are ordered by user and then as each user's own. */
export interface OwnedPosition extends Position {
  readonly userId: string;
}

/** Which rows of all users to read; for the operator, who alone may see them. */
export interface PageOfAll {
  readonly after?: OwnedPosition | undefined;
  readonly limit: number;
}

/** As `pageOf`, over the rows of all users. */
export function pageOfAll({ after, limit }: PageOfAll) {
  const order = { userId: "asc", createdAt: "asc", id: "asc" } as const;
  return {
    conditions:
      after === undefined
        ? []
        : // The first of them lets the index find the place.
          [
            { userId: { $gte: after.userId } },
            { $or: [{ userId: { $gt: after.userId } }, { userId: after.userId, ...beyond(after, "$gt") }] },
          ],
    options: { limit, orderBy: order },
  };
}
