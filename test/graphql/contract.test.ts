import { readFile } from "node:fs/promises";
import { BreakingChangeType, buildSchema, findBreakingChanges } from "graphql";
import { expect, test } from "vitest";
import { schema } from "../../src/graphql/schema.ts";

/** What a schema lacks that is not finished; every other breaking change is a contradiction. */
const absences = new Set<string>([
  BreakingChangeType.TYPE_REMOVED,
  BreakingChangeType.FIELD_REMOVED,
  BreakingChangeType.ARG_REMOVED,
  BreakingChangeType.TYPE_REMOVED_FROM_UNION,
  BreakingChangeType.VALUE_REMOVED_FROM_ENUM,
  BreakingChangeType.IMPLEMENTED_INTERFACE_REMOVED,
]);

const contract = buildSchema(await readFile(new URL("contract.graphql", import.meta.url), "utf8"));
const changes = findBreakingChanges(contract, schema);

test("what exists contradicts the contract nowhere", () => {
  expect(changes.filter((change) => !absences.has(change.type))).toEqual([]);
});

test("the printed list is what the contract still has beyond the schema", () => {
  const missing = changes
    .filter((change) => absences.has(change.type))
    .map((change) => change.description.replace("was removed", "is missing"));
  expect(missing.toSorted()).toMatchInlineSnapshot(`[]`);
});
