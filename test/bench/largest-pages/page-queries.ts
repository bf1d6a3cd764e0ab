import { getOperationAST, parse, validate } from "graphql";
import { documentLimits } from "../../../src/graphql/limits/document-limits.ts";
import { OperationCosts } from "../../../src/graphql/limits/operation-cost.ts";
import { schema } from "../../../src/graphql/schema.ts";

/** One of the dearest operations that are let through. */
export interface PageQuery {
  readonly name: string;
  readonly query: string;
  readonly variables: object;
  readonly cost: number;
}

const credential = `id label method status statusReason statusSince last4 fingerprint account { email } scopes expiresAt
  refreshable nextRefreshAt lastRefreshedAt lastValidatedAt lastUsedAt createdAt updatedAt`;
const session = "id label status createdAt lastActivityAt expiresAt";
const context = "status method source model selectedAt";
const health = "health { status complaint since lastCheckedAt }";

/**
 * Each repeats `filler`, which is resolved anew each time under another alias or on another object, up to the limit.
 */
const candidates: readonly (readonly [name: string, make: (size: number) => string])[] = [
  [
    "100 credentials with everything",
    (size) =>
      `{ viewer { credentials(first: ${size}) { nodes { ${credential} provider { id name displayName ${health} } } } } }`,
  ],
  [
    "sessions with the active provider",
    (size) =>
      `{ viewer { sessions(first: ${size}) { nodes { ${session} activeProvider { ${context} credential { ${credential} } provider { name } } } } } }`,
  ],
  [
    "sessions with all providers",
    (size) =>
      `{ viewer { sessions(first: ${size}) { nodes { id providers { ${context} credential { id status } provider { name } } } } } }`,
  ],
  [
    "several pages",
    (size) =>
      `{ viewer { ${[0, 1, 2, 3, 4, 5, 6, 7].map((index) => `p${index}: credentials(last: ${size}) { edges { cursor node { id status } } }`).join(" ")} } }`,
  ],
  [
    "nodes by their ids",
    () =>
      `query ($ids: [ID!]!) { ${[0, 1].map((index) => `n${index}: nodes(ids: $ids) { ... on Credential { ${credential} } }`).join(" ")} }`,
  ],
  [
    "many single reads",
    (size) =>
      `{ ${[0, 1, 2, 3, 4, 5, 6, 7].map((index) => `v${index}: viewer { ...F }`).join(" ")} } fragment F on User { ${Array.from({ length: Math.min(20, size) }, (_, index) => `c${index}: credential(provider: "anthropic", label: "label-${index * 3}") { ${credential} }`).join(" ")} }`,
  ],
];

/** The largest form of each that is within the limits. */
export function pageQueries(nodeIds: readonly string[]): PageQuery[] {
  const costs = new OperationCosts(schema, Number.MAX_SAFE_INTEGER);
  const variables = { ids: nodeIds.slice(0, 100) };
  return candidates.map(([name, make]) => {
    for (let size = 100; size > 0; size--) {
      const query = make(size);
      const document = parse(query);
      const faults = validate(schema, document);
      if (faults.length > 0) throw faults[0]!;
      const cost = costs.charge(document, getOperationAST(document)!, variables).requested;
      if (cost <= documentLimits.cost) {
        return { name: `${name} (${size})`, query, variables: query.includes("$ids") ? variables : {}, cost };
      }
    }
    throw new Error(`${name} is beyond the limits even once`);
  });
}
