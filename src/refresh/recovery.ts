import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../observability/logger.ts";
import type { FaultHandler } from "./fault-point.ts";
import type { RefreshClaims } from "./lease.ts";
import type { RefreshRecord } from "./outcome.ts";
import type { Renewal } from "./renewal.ts";
import type { RefreshSpool } from "./spool.ts";

const firstPauseMs = 100;
const maxPauseMs = 2_000;
/** How old another process's spooled renewal must be before this one stores it. */
const abandonedAfterMs = 30_000;

/** SQLSTATE classes of a database that is away, full, busy or shutting down: the same statement may succeed later. */
const transientClasses = new Set(["08", "25", "40", "53", "55", "57", "58"]);

/** What became of a renewal. `superseded`: the credential was changed meanwhile; `gone`: it was removed. */
type RenewalFate = "stored" | "superseded" | "gone";

/** Whether the database may yet do what it has just failed to do. */
function isTransient(error: unknown): boolean {
  // A connection's own errors have codes too, and EPIPE has the form of an SQLSTATE.
  const code = error instanceof Error && "code" in error && !("syscall" in error) ? String(error.code) : "";
  return !/^[0-9A-Z]{5}$/.test(code) || transientClasses.has(code.slice(0, 2));
}

/**
 * Brings renewals into the database, however long that takes: first onto the disk, then into the row, then off the
 * disk.
 */
export class RenewalKeeper {
  readonly #spool: RefreshSpool;
  readonly #record: RefreshRecord;
  readonly #claims: RefreshClaims;
  readonly #log: Logger;
  readonly #faults: FaultHandler;
  readonly #closed = new AbortController();
  /** The files that this process has still to store itself. */
  readonly #own = new Set<string>();

  constructor(parts: {
    readonly spool: RefreshSpool;
    readonly record: RefreshRecord;
    readonly claims: RefreshClaims;
    readonly log: Logger;
    readonly faults: FaultHandler;
  }) {
    this.#spool = parts.spool;
    this.#record = parts.record;
    this.#claims = parts.claims;
    this.#log = parts.log;
    this.#faults = parts.faults;
  }

  /** Resolves once the renewal is stored, or is known to be out of date. */
  async keep(renewal: Renewal): Promise<RenewalFate> {
    const file = await this.#write(renewal);
    if (file !== null) this.#own.add(file);
    try {
      await this.#faults("spooled");
      const fate = await this.#store(renewal);
      if (file !== null) await this.#spool.remove(file);
      await this.#faults("unlinked");
      return fate;
    } finally {
      if (file !== null) this.#own.delete(file);
    }
  }

  /**
   * Stores what processes have left behind that ended before they could.
   * @param all also what is quite new: nothing in the folder belongs to a process that lives.
   */
  async recover({ all }: { readonly all: boolean }): Promise<number> {
    let stored = 0;
    for await (const { file, renewal } of this.#spool.list(all ? 0 : abandonedAfterMs)) {
      if (this.#own.has(file)) continue;
      try {
        const fate = await this.#store(renewal);
        await this.#spool.remove(file);
        if (fate !== "stored") continue;
        stored += 1;
        this.#log.tell("refresh.recovered", { credentialId: renewal.id });
      } catch (error) {
        if (this.#closed.signal.aborted) throw error;
        // One that the database will never take must not keep the others, or the server, from going on.
        this.#log.tell("refresh.spool_unstored", { file, err: error });
      }
    }
    return stored;
  }

  /** No longer waits for a database that is away: what is spooled is stored after the next start. */
  giveUp(): void {
    this.#closed.abort();
  }

  async #write(renewal: Renewal): Promise<string | null> {
    try {
      return await this.#spool.write(renewal);
    } catch (error) {
      this.#log.tell("refresh.unspooled", { err: error });
      return null;
    }
  }

  async #store(renewal: Renewal): Promise<RenewalFate> {
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, maxPauseMs)) {
      try {
        const storing = this.#record.succeeded(renewal);
        storing.catch(() => {});
        await this.#faults("storing");
        const fate = (await storing) ? "stored" : await this.#fateOf(renewal);
        await this.#faults("stored");
        if (fate === "stored") this.#record.announce(renewal.userId);
        else this.#log.tell("refresh.late", { credentialId: renewal.id, fate });
        await this.#faults("announced");
        return fate;
      } catch (error) {
        if (!isTransient(error) || this.#closed.signal.aborted) throw error;
        this.#log.tell("refresh.unstored", { credentialId: renewal.id, err: error });
        await delay(pause, undefined, { signal: this.#closed.signal });
      }
    }
  }

  /** An earlier try may have been committed without this process hearing of it. */
  async #fateOf({ userId, id, tokenVersion, leaseEpoch }: Renewal): Promise<RenewalFate> {
    const state = await this.#claims.readState({ userId, id });
    if (state === null) return "gone";
    return state.tokenVersion === tokenVersion + 1 && state.leaseEpoch === leaseEpoch ? "stored" : "superseded";
  }
}
