import type { Import, Module } from "./module-graph.ts";

/** What the modules of one part of src/ may import from the other parts. */
interface PartRule {
  /** Parts from which anything may be imported. */
  readonly values: readonly string[];
  /** Parts from which only `import type` is allowed. */
  readonly types?: readonly string[];
}

export interface ImportRules {
  readonly parts: Readonly<Record<string, PartRule>>;
  /** Files that are a part of their own, such as a leaf value type that a lower part needs. */
  readonly ownParts?: readonly string[];
  /** Parts that know nothing of the outside, and the packages that would tell them. A name that ends in `/` is a prefix. */
  readonly domainParts: readonly string[];
  readonly outsidePackages: readonly string[];
  /** Of the outside packages, those whose types describe values that are passed in. */
  readonly typesAllowedFrom: readonly string[];
}

/** A folder below src/ is a part, and so is a file directly in src/. */
function partOf(path: string, rules: ImportRules): string {
  return rules.ownParts?.includes(path) ? path : path.split("/", 1)[0]!;
}

function place(module: Module, { line, specifier }: Import): string {
  return `${module.path}:${line} imports ${specifier}`;
}

/** Imports between parts that the table does not allow. Each violation is one line of text. */
export function directionViolations(modules: readonly Module[], rules: ImportRules): string[] {
  return modules.flatMap((module) => {
    const part = partOf(module.path, rules);
    const rule = rules.parts[part];
    if (rule === undefined) return [`${module.path} belongs to no part: add "${part}" to the table of imports`];
    return module.imports.flatMap((imported) => {
      // What lies beside src/ (the migrations, package.json) belongs to no part.
      if (imported.target === null || imported.target.startsWith("../")) return [];
      const target = partOf(imported.target, rules);
      if (target === part || rule.values.includes(target)) return [];
      if (!rule.types?.includes(target)) return [`${place(module, imported)}: ${part} must not import ${target}`];
      return imported.typeOnly ? [] : [`${place(module, imported)}: ${part} may import only types from ${target}`];
    });
  });
}

/** Imports of GraphQL, HTTP or WebSocket packages where the domain should not know of them. */
export function packageViolations(modules: readonly Module[], rules: ImportRules): string[] {
  const matches = (specifier: string, name: string): boolean =>
    specifier === name || specifier.startsWith(name.endsWith("/") ? name : `${name}/`);

  return modules.flatMap((module) => {
    const part = partOf(module.path, rules);
    if (!rules.domainParts.includes(part.split("/", 1)[0]!)) return [];
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
