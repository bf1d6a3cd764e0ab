import { readdir, readFile } from "node:fs/promises";
import {
  graphql,
  type GraphQLScalarType,
  GraphQLObjectType,
  GraphQLSchema,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
} from "graphql";
import { expect, test } from "vitest";
import { schema } from "../../src/graphql/schema.ts";
import { Secret } from "../../src/lib/secret.ts";

const canary = "sk-canary-0123456789";
const types = Object.values(schema.getTypeMap());
const scalars = types.filter(isScalarType);

/** What may have such a name, and why. A secret is none of the reasons but for the one place where it leaves. */
const allowed: Readonly<Record<string, string>> = {
  "AccessGrant.headers": "the one place where a secret leaves the server",
  "OAuthFlow.authorizationUrl":
    "the provider's page, which the user's browser opens; it holds the challenge, not the verifier",
  "OAuthFlow.state": "the user's own flow, told once, at its beginning; it comes back from the provider",
  "OAuthFlow.userCode": "RFC 8628: the user types it in at the provider",
};

/** `code` alone is an error's. */
const secretName = /token|secret|key|verifier|password|code|state|header|cookie|authorization|nonce|binding/i;

test("a field with the name of a secret is on the list, with the reason why it is none", () => {
  const found = types
    .filter((type) => (isObjectType(type) || isInterfaceType(type)) && !isIntrospectionType(type))
    .flatMap((type) =>
      Object.values((type as GraphQLObjectType).getFields()).map((field) => ({ type: type.name, field })),
    )
    .filter(({ field }) => secretName.test(field.name) && field.name !== "code")
    .map(({ type, field }) => `${type}.${field.name}`);
  expect(found.toSorted()).toEqual(Object.keys(allowed).toSorted());
});

test.each(scalars.map((scalar): [string, GraphQLScalarType] => [scalar.name, scalar]))(
  "the scalar %s does not serialize a secret that a resolver has left in its wrapper",
  (_name, scalar) => {
    const serialize = () => scalar.serialize(new Secret(canary));
    expect(serialize).toThrow(Error);
    expect(serialize).not.toThrow(canary);
  },
);

test("a field that returns a secret fails, alone or in a list, and tells nothing of it", async () => {
  const fields = Object.fromEntries(
    scalars.map((scalar) => [scalar.name, { type: scalar, resolve: () => new Secret(canary) }]),
  );
  const leaky = new GraphQLSchema({ query: new GraphQLObjectType({ name: "Query", fields }) });
  const source = `{ ${scalars.map(({ name }) => name).join(" ")} }`;
  const { data, errors } = await graphql({ schema: leaky, source });
  expect(scalars.length).toBeGreaterThan(4);
  expect(errors).toHaveLength(scalars.length);
  expect({ ...data }).toEqual(Object.fromEntries(scalars.map(({ name }) => [name, null])));
  expect(JSON.stringify(errors)).not.toContain(canary);
});

test("of all resolvers only those of AccessGrant's headers reveal a secret", async () => {
  const folder = new URL("../../src/graphql/", import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(20);
  const revealing = [];
  for (const file of files) {
    const lines = (await readFile(new URL(file, folder), "utf8")).split("\n");
    revealing.push(...lines.filter((line) => /\breveal\b/.test(line)).map((line) => `${file}: ${line.trim()}`));
  }
  expect(revealing).toEqual(["access-grant.ts: resolve: (header) => header.value.reveal(),"]);
});
