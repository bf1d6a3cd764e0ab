import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** How far a process has seen a timeline's log come. */
export interface SeenLog {
  readonly timeline: string;
  /** In bytes. */
  readonly log: number;
}

const writeEveryMs = 10_000;

function read(file: string): SeenLog | null {
  try {
    const { timeline, log } = JSON.parse(readFileSync(file, "utf8")) as Partial<SeenLog>;
    return typeof timeline === "string" && typeof log === "number" ? { timeline, log } : null;
  } catch {
    // There is none, or a crash has cut it short: then only what this process sees itself is compared.
    return null;
  }
}

/**
 * Remembers, beside the database, how far its log had come: a file in the data folder outlives the server, and is not
 * taken back with a database that is. Where it cannot be written, the memory is this process's own.
 */
export class TimelineMemory {
  readonly #file: string;
  #seen: SeenLog | null;
  #writtenAt = -Infinity;
  #written: number | null = null;

  constructor(dataDir: string) {
    this.#file = join(dataDir, "timeline.json");
    this.#seen = read(this.#file);
  }

  /** Whether the log of this timeline has been further than this. */
  isBehind({ timeline, log }: SeenLog): boolean {
    return this.#seen !== null && this.#seen.timeline === timeline && log < this.#seen.log;
  }

  async see(seen: SeenLog): Promise<void> {
    this.#seen = seen;
    if (performance.now() - this.#writtenAt >= writeEveryMs) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#seen === null || this.#seen.log === this.#written) return;
    this.#writtenAt = performance.now();
    this.#written = this.#seen.log;
    const draft = `${this.#file}.${process.pid}.new`;
    await writeFile(draft, JSON.stringify(this.#seen), { mode: 0o600 })
      .then(() => rename(draft, this.#file))
      .catch(() => {});
  }
}
