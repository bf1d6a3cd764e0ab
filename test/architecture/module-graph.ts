import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

/** One import, re-export or dynamic import. */
export interface Import {
  readonly specifier: string;
  /** The imported file, relative to the source folder; null for a package. */
  readonly target: string | null;
  /** Nothing of it is left at run time. `import { type A }` is not such a one: the module is still loaded. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** What one source file imports and which texts it holds. */
export interface Module {
  /** Relative to the source folder, with `/`. */
  readonly path: string;
  readonly imports: readonly Import[];
  readonly strings: readonly { readonly value: string; readonly line: number }[];
}

/** Reads imports and string literals from the syntax tree, so that comments never count. */
export function parseModule(path: string, source: string): Module {
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);

  const imports: Import[] = [];
  const strings: { value: string; line: number }[] = [];
  const lineOf = (offset: number): number => source.slice(0, offset).split("\n").length;
  const add = (node: { start: number }, specifier: string, typeOnly: boolean): void => {
    const target = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : null;
    imports.push({ specifier, target, typeOnly, line: lineOf(node.start) });
  };

  new Visitor({
    ImportDeclaration: (node) => add(node, node.source.value, node.importKind === "type"),
    ExportAllDeclaration: (node) => add(node, node.source.value, node.exportKind === "type"),
    ExportNamedDeclaration: (node) => node.source && add(node, node.source.value, node.exportKind === "type"),
    TSImportType: (node) => add(node, node.source.value, true),
    ImportExpression: (node) => {
      const { source: from } = node;
      if (from.type === "Literal" && typeof from.value === "string") add(node, from.value, false);
    },
    Literal: (node) => {
      if (typeof node.value === "string") strings.push({ value: node.value, line: lineOf(node.start) });
    },
    TemplateElement: (node) => {
      strings.push({ value: node.value.cooked ?? node.value.raw, line: lineOf(node.start) });
    },
  }).visit(program);
  return { path, imports, strings };
}

/**
 * Reads every module of a source folder.
 * @throws when there is none: a checker that has read nothing would report success.
 */
export function readModules(folder: string): Module[] {
  const paths = globSync("**/*.ts", { cwd: folder }).map((path) => path.replaceAll("\\", "/"));
  if (paths.length === 0) throw new Error(`No modules were read: there is no .ts file in ${folder}.`);
  return paths.toSorted().map((path) => parseModule(path, readFileSync(join(folder, path), "utf8")));
}

/** Import cycles of values and types, each as the files that it leads through, the first one again at the end. */
export function importCycles(modules: readonly Module[]): string[][] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const finished = new Set<string>();
  const cycles: string[][] = [];

  function follow(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path);
    if (start !== -1) cycles.push([...trail.slice(start), path]);
    if (start !== -1 || finished.has(path)) return;
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (target !== null) follow(target, [...trail, path]);
    }
    finished.add(path);
  }

  for (const module of modules) follow(module.path, []);
  return cycles;
}
