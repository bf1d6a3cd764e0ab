import { printable, styled } from "./terminal.ts";

/**
 * Columns under their headings, two spaces apart; the last one is not padded, so that lines end where their text does.
 */
export function table(headings: readonly string[], rows: readonly (readonly (string | null)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => printable(cell ?? "-")));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join("  ");
  return [styled("bold", line(headings)), ...cells.map(line)].join("\n");
}
