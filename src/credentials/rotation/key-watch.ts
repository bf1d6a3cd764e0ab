import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../../db/database.ts";
import type { Logger } from "../../observability/logger.ts";
import { assertOpen, type Keyring } from "../sealing/keyring.ts";
import { ServerProcesses } from "./server-processes.ts";

/** Looks after which a server that has nothing new says again that it runs, which must be well within a minute. */
const looksPerReport = 5;

interface WatchParts {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly log: Logger;
  /** Milliseconds from one look to the next. */
  readonly intervalMs: number;
}

/**
 * Keeps a server's keys up to date, and says which it has: a rotation goes on only when every server has the new one.
 */
export class KeyWatch implements AsyncDisposable {
  readonly #parts: WatchParts;
  readonly #processes: ServerProcesses;
  readonly #id = randomUUID();
  readonly #stopped = new AbortController();
  readonly #reported = new Set<number>();
  /** What it has said last, and how many looks ago. */
  #said = "";
  #silentLooks = 0;
  #isFailing = false;
  #sealingId: number;
  #running: Promise<void> = Promise.resolve();

  private constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#processes = new ServerProcesses(parts.database);
    this.#sealingId = parts.keyring.active.id;
  }

  /**
   * Once it resolves, a rotation waits for this process.
   * @throws KeyringError if a rotation that did not know of this process has just activated a key that it cannot open.
   */
  static async start(parts: WatchParts): Promise<KeyWatch> {
    await using stack = new AsyncDisposableStack();
    const watch = stack.use(new KeyWatch(parts));
    const { database, keyring } = parts;
    await watch.#report();
    assertOpen(keyring, await keyring.read(database.em()));
    await watch.#look();
    stack.move();
    watch.#running = watch.#run();
    return watch;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    for (;;) {
      await delay(this.#parts.intervalMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      await this.#tryLook();
    }
  }

  async #tryLook(): Promise<void> {
    try {
      await this.#look();
      this.#isFailing = false;
    } catch (err) {
      if (!this.#isFailing) this.#parts.log.tell("keys.unread", { err });
      this.#isFailing = true;
    }
  }

  async #look(): Promise<void> {
    const { keyring } = this.#parts;
    await keyring.reload();
    const isNew = this.#said !== describe(keyring);
    this.#silentLooks += 1;
    if (isNew || this.#silentLooks >= looksPerReport) await this.#report();
    this.#tell();
  }

  async #report(): Promise<void> {
    const { keyring } = this.#parts;
    const said = describe(keyring);
    await this.#processes.report(this.#id, keyring);
    this.#said = said;
    this.#silentLooks = 0;
  }

  #tell(): void {
    const { keyring, log } = this.#parts;
    if (keyring.active.id !== this.#sealingId) log.tell("keys.activated", { keyId: keyring.active.id });
    this.#sealingId = keyring.active.id;
    for (const [keyId, { reason }] of keyring.unopened) {
      if (this.#reported.has(keyId)) continue;
      this.#reported.add(keyId);
      log.tell("keys.unopened", { keyId, reason });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    // A database that is away forgets this process by itself.
    await this.#processes.leave(this.#id).catch(() => {});
  }
}

/** What a rotation waits for. */
function describe({ ids, active }: Keyring): string {
  return JSON.stringify([ids, active.id]);
}
