import type { DocumentLimits } from "../../../src/graphql/limits/document-limits.ts";
import type { Operation } from "./echo.ts";

/** What exceeds one limit, and how an operation is made that asks for exactly so much of it. */
interface LimitedOperation {
  readonly limit: number;
  readonly code: string;
  /** What is told of the operation that asks for too much; null where counting stops at the limit. */
  readonly requested: number | null;
  readonly operation: (asked: number) => Operation;
}

const times = (count: number, text: (index: number) => string) => Array.from({ length: count }, (_, i) => text(i));

/** The tokens of a list that nobody reads: the variable is given. */
function tokens(asked: number): Operation {
  const texts = times(asked - 26, () => '"a"').join(" ");
  return { query: `query ($ids: [ID!]! = [${texts}]) { nodes(ids: $ids) { id } }`, variables: { ids: ["a"] } };
}

function comments(asked: number): Operation {
  return { query: `${"#\n".repeat(asked)}{ viewer { id } }` };
}

/** The only way in this schema to go so deep and be valid: types of types. */
function depth(asked: number): Operation {
  const ofTypes = times(asked - 5, () => "ofType {").join(" ");
  return {
    query: `{ __schema { queryType { fields { type { ${ofTypes} name } } } } ${"}".repeat(asked - 5)} }`,
  };
}

function aliases(asked: number): Operation {
  return { query: `{ viewer { ${times(asked, (index) => `a${index}: id`).join(" ")} } }` };
}

function rootFields(asked: number): Operation {
  const spread = "fragment F on Query { __typename viewer { id } }";
  return { query: `{ ...F ${times(asked - 2, (index) => `a${index}: viewer { id }`).join(" ")} } ${spread}` };
}

function directives(asked: number): Operation {
  const fields = times(asked / 2, () => "id @skip(if: false) @include(if: true)");
  return { query: `{ viewer { ${fields.join(" ")} ${asked % 2 === 1 ? "id @skip(if: false)" : ""} } }` };
}

/** viewer 1, the connection 25, `nodes` 1, 100 times 49, and so many ids as are missing. */
function cost(asked: number): Operation {
  const page = `sessions(first: $size) { nodes { ${"label ".repeat(49)} } }`;
  return {
    query: `query ($size: Int!) { viewer { ${page} ${"id ".repeat(asked - 4_927)} } }`,
    variables: { size: 100 },
  };
}

/** One for each limit; the limits are those of a server that nobody has configured. */
export const limitedOperations: Record<
  Exclude<keyof DocumentLimits, "subscriptionCost"> | "comments",
  LimitedOperation
> = {
  tokens: { limit: 1_000, code: "TOKEN_LIMIT_EXCEEDED", requested: null, operation: tokens },
  comments: { limit: 1_000, code: "TOKEN_LIMIT_EXCEEDED", requested: null, operation: comments },
  depth: { limit: 16, code: "DEPTH_LIMIT_EXCEEDED", requested: 17, operation: depth },
  aliases: { limit: 30, code: "ALIAS_LIMIT_EXCEEDED", requested: 31, operation: aliases },
  rootFields: { limit: 10, code: "ROOT_FIELD_LIMIT_EXCEEDED", requested: 11, operation: rootFields },
  directives: { limit: 50, code: "DIRECTIVE_LIMIT_EXCEEDED", requested: 51, operation: directives },
  cost: { limit: 5_000, code: "COST_LIMIT_EXCEEDED", requested: 5_001, operation: cost },
};
