import { open } from "node:fs/promises";
import { exitCodes } from "../exit-code.ts";
import type { Output } from "../output.ts";
import type { ImportOutcome } from "./importer.ts";

/** How many of those that failed are shown to a person; a file can have them all. */
const shownAtMost = 20;

/** One that was not brought in, by what names it in its source: a line's number, or a row's id. */
type NotImported = Extract<ImportOutcome, { reason: string }> & { readonly place: string | number };

/** Counts what became of everything, and keeps why for what was not brought in. It never holds a secret. */
export class ImportReport {
  readonly #counts = { imported: 0, unchanged: 0, kept: 0, failed: 0 };
  readonly #notImported: NotImported[] = [];
  readonly #placeName: string;

  /** @param placeName what a place in the source is called, such as `line`. */
  constructor(placeName: string) {
    this.#placeName = placeName;
  }

  add(place: string | number, outcome: ImportOutcome): void {
    this.#counts[outcome.result] += 1;
    if ("reason" in outcome) this.#notImported.push({ place, ...outcome });
  }

  get #exitCode(): number {
    const { imported, unchanged, failed } = this.#counts;
    if (failed === 0) return exitCodes.ok;
    return imported + unchanged > 0 ? exitCodes.partial : exitCodes.failed;
  }

  /** Several are done at a time, and the report is read beside the source. */
  get #inOrder(): NotImported[] {
    return this.#notImported.toSorted((a, b) => (a.place < b.place ? -1 : 1));
  }

  #describe({ place, result, code, reason }: NotImported): object {
    return { [this.#placeName]: place, result, code, reason };
  }

  /** Writes all that were not brought in as JSON Lines: places and reasons, never what stood there. */
  async writeRejects(file: string): Promise<void> {
    const handle = await open(file, "w", 0o600);
    try {
      for (const item of this.#inOrder) await handle.write(`${JSON.stringify(this.#describe(item))}\n`);
    } finally {
      await handle.close();
    }
  }

  conclude(output: Output, { dryRun }: { readonly dryRun: boolean }): void {
    const { imported, unchanged, kept, failed } = this.#counts;
    const shown = this.#inOrder.slice(0, shownAtMost);
    const more = this.#notImported.length - shown.length;
    const lines = [
      `${imported} ${dryRun ? "would be imported" : "imported"}, ${unchanged} were there already, ${kept} kept as they are, ${failed} failed.`,
      ...shown.map(({ place, code, reason }) => `  ${this.#placeName} ${place}: ${reason} (${code})`),
      ...(more > 0 ? [`  and ${more} more; --json or --rejects has them all.`] : []),
      ...(dryRun ? ["Nothing was stored."] : []),
    ];
    const notImported = this.#inOrder.map((item) => this.#describe(item));
    output.result({ dryRun, ...this.#counts, notImported }, lines.join("\n"));
    process.exitCode = this.#exitCode;
  }
}
