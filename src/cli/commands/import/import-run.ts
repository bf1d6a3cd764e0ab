import { explainFailure, type Explanation } from "../../failure.ts";
import { handleSignals } from "../../signals.ts";
import type { Progress } from "../../terminal/progress.ts";
import type { ImportItem } from "./import-line.ts";
import type { ImportReport } from "./import-report.ts";
import { ImportFailure, type Importer, unforeseenOutcome } from "./importer.ts";
import { inParallel } from "./in-parallel.ts";

/** Where the credentials come from, and how each is read. */
interface ImportSource<Item> {
  readonly items: AsyncGenerator<Item>;
  readonly place: (item: Item) => string | number;
  /** Throws ImportLineError, or anything for an item that nobody foresaw. */
  readonly read: (item: Item) => ImportItem;
  readonly concurrency: number;
}

/** So many unforeseen failures in a row are no matter of single items any more. */
const maxUnforeseen = 20;

/** A cause that will meet every further item too: the database, the disk, the source itself. */
class ImportStop extends Error {
  readonly explanation: Explanation;

  constructor(explanation: Explanation) {
    super(explanation.cause);
    this.name = "ImportStop";
    this.explanation = explanation;
  }
}

function explainStop(error: unknown): Explanation {
  if (error instanceof ImportStop) return error.explanation;
  return (
    explainFailure(error) ?? {
      cause: "The import met failures that nobody foresaw.",
      cure: "Run it again to go on. If it stops at the same place, report it with the output above.",
      code: null,
    }
  );
}

/**
 * Brings everything in, and puts into the report what became of it: of an item that fails, and also why the work
 * stopped before the end. Never throws for either: whatever happens, the report is to be written.
 */
export async function runImport<Item>(
  importer: Importer,
  { items, place, read, concurrency }: ImportSource<Item>,
  { report, progress }: { readonly report: ImportReport; readonly progress: Progress },
): Promise<void> {
  const stopped = new AbortController();
  using _signals = handleSignals((signal) => {
    report.stop({
      cause: `${signal}: stopped before the end.`,
      cure: "Run the same command again to go on.",
      code: null,
    });
    stopped.abort();
  });
  let unforeseen = 0;
  const bring = async (item: Item) => {
    if (stopped.signal.aborted) return;
    try {
      report.add(place(item), await importer.bring(() => read(item)));
      unforeseen = 0;
    } catch (error) {
      if (!(error instanceof ImportFailure)) throw error;
      const explanation = explainFailure(error.cause);
      if (explanation !== null) throw new ImportStop(explanation);
      report.add(place(item), unforeseenOutcome(error.cause));
      unforeseen += 1;
      if (unforeseen >= maxUnforeseen) throw error;
    }
    progress.advance();
  };
  try {
    await inParallel(items, concurrency, bring, stopped.signal);
  } catch (error) {
    report.stop(explainStop(error));
  }
}
