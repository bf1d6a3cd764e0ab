import { exitCodes } from "../../exit-code.ts";
import type { Explanation } from "../../failure.ts";
import type { Output } from "../../terminal/output.ts";
import { printable } from "../../terminal/terminal.ts";
import type { ImportOutcome } from "./importer.ts";
import type { RejectsFile } from "./rejects-file.ts";

/** How many of those that failed are shown to a person; a file can have them all. */
const shownAtMost = 20;

/** One that was not brought in, by what names it in its source: a line's number, or a row's id. */
type NotImported = Extract<ImportOutcome, { reason: string }> & { readonly place: string | number };

/** One that was brought in with a reservation of its provider. */
interface Warned {
  readonly place: string | number;
  readonly warning: string;
}

/** Several are done at a time, and the report is read beside the source. */
function inOrder<Item extends { readonly place: string | number }>(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => (a.place < b.place ? -1 : 1));
}

function shown(items: readonly string[], where: string): string[] {
  const more = items.length - shownAtMost;
  return [
    ...items.slice(0, shownAtMost).map((item) => `  ${printable(item)}`),
    ...(more > 0 ? [`  and ${more} more; ${where} has them all.`] : []),
  ];
}

/** Counts what became of everything, and keeps why for what was not brought in. It never holds a secret. */
export class ImportReport {
  readonly #counts = { imported: 0, unchanged: 0, kept: 0, failed: 0 };
  readonly #notImported: NotImported[] = [];
  readonly #warned: Warned[] = [];
  readonly #placeName: string;
  #stopped: Explanation | null = null;

  /** @param placeName what a place in the source is called, such as `line`. */
  constructor(placeName: string) {
    this.#placeName = placeName;
  }

  add(place: string | number, outcome: ImportOutcome): void {
    this.#counts[outcome.result] += 1;
    if ("reason" in outcome) this.#notImported.push({ place, ...outcome });
    if (outcome.result === "imported" && outcome.warning !== null)
      this.#warned.push({ place, warning: outcome.warning });
  }

  /** The work ended before the source did. The first reason counts. */
  stop(reason: Explanation): void {
    this.#stopped ??= reason;
  }

  get #exitCode(): number {
    const { imported, unchanged, failed } = this.#counts;
    if (failed === 0 && this.#stopped === null) return exitCodes.ok;
    return imported + unchanged > 0 ? exitCodes.partial : exitCodes.failed;
  }

  #describe({ place, result, code, reason }: NotImported): object {
    return { [this.#placeName]: place, result, code, reason };
  }

  #toLines(dryRun: boolean): string[] {
    const { imported, unchanged, kept, failed } = this.#counts;
    const notImported = inOrder(this.#notImported).map(
      ({ place, code, reason }) => `${this.#placeName} ${place}: ${reason} (${code})`,
    );
    const warned = inOrder(this.#warned).map(({ place, warning }) => `${this.#placeName} ${place}: ${warning}`);
    return [
      `${imported} ${dryRun ? "would be imported" : "imported"}, ${unchanged} were there already, ${kept} kept as they are, ${failed} failed.`,
      ...shown(notImported, "--json or --rejects"),
      ...(warned.length > 0 ? ["Accepted with a warning:", ...shown(warned, "--json")] : []),
      ...(dryRun ? ["Nothing was stored."] : []),
    ];
  }

  /** Prints the report and writes the rejects, whatever has happened before, and sets the exit code. */
  async conclude(
    output: Output,
    { dryRun, rejects }: { readonly dryRun: boolean; readonly rejects: RejectsFile | null },
  ): Promise<void> {
    const notImported = inOrder(this.#notImported).map((item) => this.#describe(item));
    const warnings = inOrder(this.#warned).map(({ place, warning }) => ({ [this.#placeName]: place, warning }));
    const rejectsFault = (await rejects?.write(notImported)) ?? null;
    output.result(
      { dryRun, ...this.#counts, notImported, warnings, stopped: this.#stopped },
      this.#toLines(dryRun).join("\n"),
    );
    if (this.#stopped !== null) {
      const { cause, cure } = this.#stopped;
      output.failure(`Stopped before the end. ${cause}\n${cure}\nWhat is stored is kept, and a second run goes on.`);
    }
    if (rejectsFault !== null) output.failure(`${rejectsFault.reason}\n${rejectsFault.cure}`);
    process.exitCode = this.#exitCode;
  }
}
