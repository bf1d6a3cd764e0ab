import { parseSync } from "oxc-parser";

/** Columns that a line of a comment may have. */
const width = 120;

/** Where an import stands: modules of Node, packages, other folders from afar to near, the own folder. */
function groupOf(specifier: string): number {
  if (specifier.startsWith("node:")) return 0;
  if (!specifier.startsWith(".")) return 1;
  // The more steps up, the earlier.
  return 100 - specifier.split("../").length;
}

function isOrdered(earlier: string, later: string): boolean {
  const difference = groupOf(later) - groupOf(earlier);
  return difference > 0 || (difference === 0 && earlier.toLowerCase() <= later.toLowerCase());
}

function lineOf(source: string, offset: number): number {
  return source.slice(0, offset).split("\n").length;
}

/**
 * Imports that stand before one that should come first. A file that imports a module for what it does, and not for a
 * name, chooses its order itself.
 */
export function importOrderViolations(path: string, source: string): string[] {
  const imports = parseSync(path, source).module.staticImports;
  if (imports.some(({ entries }) => entries.length === 0)) return [];
  return imports.flatMap(({ moduleRequest: { value }, start }, index) => {
    const before = imports[index - 1]?.moduleRequest.value;
    return before === undefined || isOrdered(before, value)
      ? []
      : [`${path}:${lineOf(source, start)}: "${value}" belongs before "${before}"`];
  });
}

/** Lines of comments that are wider than 120 columns. One that is wide because of a URL cannot be wrapped. */
export function wideComments(path: string, source: string): string[] {
  const lines = source.split("\n");
  const isWide = (line: string): boolean => line.length > width && !/https?:\S{60,}/.test(line);
  if (!lines.some(isWide)) return [];
  return parseSync(path, source).comments.flatMap(({ start, end }) => {
    const first = lineOf(source, start);
    return lines
      .slice(first - 1, lineOf(source, end))
      .flatMap((line, index) => (isWide(line) ? [`${path}:${first + index} has ${line.length} columns`] : []));
  });
}
