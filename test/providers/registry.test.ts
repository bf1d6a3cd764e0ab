import { expect, test } from "vitest";
import { ProviderNotFoundError } from "../../src/errors/auth-error.ts";
import type { ProviderAuth } from "../../src/providers/provider-auth.ts";
import { loadCatalog, ProviderRegistry } from "../../src/providers/registry.ts";

const provider = (name: string) => ({ name }) as ProviderAuth;
const one = provider("one");
const two = provider("two");
const registry = new ProviderRegistry([one, two], (name) => ({ ...one, name }));

function refusalOf(name: string): unknown {
  try {
    return registry.get(name);
  } catch (error) {
    return error;
  }
}

test("the catalogue holds what stands in its folder, in the order of the names", async () => {
  const names = (await loadCatalog()).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["anthropic", "google", "openai"]));
  expect(names).toEqual(names.toSorted());
});

test("providers are listed in the order in which they were given", () => {
  expect(registry.list()).toEqual([one, two]);
});

test("a provider is found by its exact name", () => {
  expect(registry.get("two")).toBe(two);
  expect(registry.find("one")).toBe(one);
});

test.each(["", "three", "ONE", " one", "constructor", "__proto__"])("there is no provider %j", (name) => {
  expect(registry.find(name)).toBeNull();
  expect(refusalOf(name)).toBeInstanceOf(ProviderNotFoundError);
});

test("the refusal names what there is, and not what was asked: it may be a key in the wrong field", () => {
  const error = refusalOf("sk-a-key");
  expect(error).toMatchObject({ code: "PROVIDER_NOT_FOUND", availableProviders: ["one", "two"] });
  expect(String(error)).toContain("one, two");
  expect(String(error)).not.toContain("sk-a-key");
});
