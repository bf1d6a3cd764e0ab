import type { Import, Module } from "./module-graph.ts";
import type { Part } from "./source-order.ts";

/** What is true of the packages that modules import. */
export interface PackageRules {
  /** The packages that would tell the domain of the outside. A name that ends in `/` is a prefix. */
  readonly outsidePackages: readonly string[];
  /** Of the outside packages, those whose types describe values that are passed in. */
  readonly typesAllowedFrom: readonly string[];
}

/** A folder below src/ is a part, and so is a file directly in src/. */
function partOf(path: string): string {
  return path.split("/", 1)[0]!;
}

function place(module: Module, { line, specifier }: Import): string {
  return `${module.path}:${line} imports ${specifier}`;
}

/** Imports that lead up the list of parts, or to a part that is closed to them. Each violation is one line of text. */
export function orderViolations(modules: readonly Module[], order: readonly Part[]): string[] {
  const rank = (name: string): number => order.findIndex((part) => part.name === name);

  return modules.flatMap((module) => {
    const part = partOf(module.path);
    if (rank(part) === -1) return [`${module.path} belongs to no part: add "${part}" to the order`];
    return module.imports.flatMap((imported) => {
      // What lies beside src/ (the migrations, package.json) belongs to no part.
      if (imported.target === null || imported.target.startsWith("../")) return [];
      const target = partOf(imported.target);
      if (target === part) return [];
      const { importedBy, valuesImportedBy } = order[rank(target)] ?? {};
      const where = place(module, imported);
      if (rank(target) < rank(part)) return [`${where}: ${target} is above ${part}`];
      if (importedBy?.includes(part) === false) return [`${where}: ${part} must not import ${target}`];
      const isClosed = !imported.typeOnly && valuesImportedBy?.includes(part) === false;
      return isClosed ? [`${where}: ${part} may import only types from ${target}`] : [];
    });
  });
}

/** Imports of GraphQL, HTTP or WebSocket packages where the domain should not know of them. */
export function packageViolations(modules: readonly Module[], order: readonly Part[], rules: PackageRules): string[] {
  const matches = (specifier: string, name: string): boolean =>
    specifier === name || specifier.startsWith(name.endsWith("/") ? name : `${name}/`);
  const domain = order.filter(({ isDomain }) => isDomain).map(({ name }) => name);

  return modules.flatMap((module) => {
    const part = partOf(module.path);
    if (!domain.includes(part)) return [];
    return module.imports
      .filter(({ specifier }) => rules.outsidePackages.some((name) => matches(specifier, name)))
      .filter(({ specifier, typeOnly }) => !(typeOnly && rules.typesAllowedFrom.includes(specifier)))
      .map((imported) => `${place(module, imported)}: ${part} knows nothing of it`);
  });
}

/** Names of providers as texts in the code, outside the catalogue. */
export function providerNames(modules: readonly Module[], catalog: string, names: readonly string[]): string[] {
  return modules
    .filter((module) => !module.path.startsWith(catalog))
    .flatMap((module) =>
      module.strings
        .filter(({ value }) => names.includes(value.toLowerCase()))
        .map(({ value, line }) => `${module.path}:${line} names the provider "${value}"`),
    );
}
