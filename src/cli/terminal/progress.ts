import { SingleBar } from "cli-progress";

/** How far a long command has come. Disposing it clears the bar away. */
export interface Progress extends Disposable {
  advance(): void;
}

/** One line for each tenth, or for each so many where the whole is not known. */
const linesOfWhole = 10;
const itemsOfUnknown = 1_000;

/** Milliseconds after which the first line comes at the latest, and every further one. */
const firstLineMs = 1_000;
const furtherLinesMs = 5_000;

function progressLines(doing: string, total: number | null): Progress {
  const every = total === null ? itemsOfUnknown : Math.max(1, Math.ceil(total / linesOfWhole));
  let done = 0;
  let told = -1;
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    if (told !== done) process.stderr.write(`${doing}: ${done}${total === null ? "" : ` of ${total}`}\n`);
    told = done;
  };
  const tellAfter = (ms: number) => {
    timer = setTimeout(() => {
      tell();
      tellAfter(furtherLinesMs);
    }, ms).unref();
  };
  tellAfter(firstLineMs);
  return {
    advance: () => {
      done += 1;
      if (done % every === 0 || done === total) tell();
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

function progressBar(doing: string, total: number): Progress {
  const bar = new SingleBar({
    format: `${doing} {bar} {value} of {total}, {eta_formatted} left`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    stream: process.stderr,
  });
  bar.start(total, 0);
  return { advance: () => bar.increment(), [Symbol.dispose]: () => bar.stop() };
}

/**
 * A bar on a terminal, else plain lines; on stderr, as stdout carries the result. `total` is null where it is not
 * known.
 */
export function startProgress(doing: string, total: number | null): Progress {
  return process.stderr.isTTY && total !== null ? progressBar(doing, total) : progressLines(doing, total);
}
