import { readFile } from "node:fs/promises";
import {
  type GraphQLField,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
  validateSchema,
} from "graphql";
import { expect, test } from "vitest";
import { schema } from "../../src/graphql/schema.ts";

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

/** Everything that a reader of the schema can point at, with its description. */
function* describedParts(): Generator<[name: string, description: string | null | undefined]> {
  for (const type of types) {
    yield [type.name, type.description];
    if (isEnumType(type)) for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description];
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) yield [`${type.name}.${field.name}`, field.description];
    }
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        yield [`${type.name}.${field.name}`, field.description];
        for (const arg of field.args) yield [`${type.name}.${field.name}(${arg.name})`, arg.description];
      }
    }
  }
}

test("schema.graphql is the printed and sorted schema", async () => {
  const committed = await readFile(new URL("../../schema.graphql", import.meta.url), "utf8");
  expect(`${printSchema(lexicographicSortSchema(schema))}\n`).toBe(committed);
  expect(validateSchema(schema)).toEqual([]);
});

test("every type, field, argument and enum value has a description", () => {
  const parts = [...describedParts()];
  expect(parts.length).toBeGreaterThan(200);
  expect(
    parts.filter(([, description]) => description == null || description.trim() === "").map(([name]) => name),
  ).toEqual([]);
});

test("every root field says which scopes it needs", () => {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = roots.flatMap((root) => Object.values(root!.getFields()) as GraphQLField<unknown, unknown>[]);
  expect(fields.length).toBeGreaterThan(10);
  const open = fields.filter((field) => {
    const options = field.extensions["pothosOptions"] as { authScopes?: object } | undefined;
    return options?.authScopes === undefined || Object.keys(options.authScopes).length === 0;
  });
  expect(open.map((field) => field.name)).toEqual([]);
});

/** What removes a user's access or brings in somebody else's: a stolen token alone is not to do it. */
const isSensitive = (name: string) => /^(revoke|clear|remove|delete|import|rotate|export)/.test(name);

/** Whether a field lets nobody in whose login does not do; within an alternative it would not. */
function needsStepUp(scopes: object, forAll = false): boolean {
  return Object.entries(scopes).some(([name, value]) =>
    name === "$all" ? needsStepUp(value as object, true) : forAll && name === "stepUp" && value === true,
  );
}

test("every sensitive mutation needs a login that does, and these are all of them", () => {
  const fields = Object.values(schema.getMutationType()!.getFields());
  const guarded = fields.filter((field) => {
    const { authScopes } = field.extensions["pothosOptions"] as { authScopes: object };
    return needsStepUp(authScopes);
  });
  const names = guarded.map(({ name }) => name).toSorted();
  expect(names).toEqual(
    fields
      .map(({ name }) => name)
      .filter(isSensitive)
      .toSorted(),
  );
  expect(names).toEqual(["clearProvider", "importCredential", "revokeCredential"]);
});
