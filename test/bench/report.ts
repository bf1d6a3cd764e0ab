import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchReport, BenchSettings } from "./bench.ts";

const folder = fileURLToPath(new URL("results/", import.meta.url));

/** A table in plain text; numbers stand at the right. */
export function formatTable(rows: BenchReport["rows"]): string {
  const headings = Object.keys(rows[0] ?? {});
  const columns = headings.map((heading) => {
    const cells = rows.map((row) => row[heading] ?? "");
    const width = Math.max(heading.length, ...cells.map((cell) => String(cell).length));
    const isNumber = cells.some((cell) => typeof cell === "number");
    const pad = (text: string) => (isNumber ? text.padStart(width) : text.padEnd(width));
    return [pad(heading), "-".repeat(width), ...cells.map((cell) => pad(String(cell)))];
  });
  const lines = columns[0]?.map((_cell, line) =>
    columns
      .map((column) => column[line])
      .join("  ")
      .trimEnd(),
  );
  return lines?.join("\n") ?? "";
}

/** Writes what was found and on what machine. @returns the file, as seen from the working directory. */
export function writeReport(
  name: string,
  run: { readonly startedAt: Date; readonly settings: BenchSettings<string>; readonly report: BenchReport },
): string {
  const { platform, arch, version } = process;
  const machine = { node: version, cpus: availableParallelism(), platform, arch };
  const { startedAt, settings, report } = run;
  mkdirSync(folder, { recursive: true });
  const file = `${folder}${name}.json`;
  writeFileSync(file, `${JSON.stringify({ bench: name, startedAt, machine, settings, ...report }, null, 2)}\n`);
  return relative(process.cwd(), file);
}
