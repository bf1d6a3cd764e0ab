import { setTimeout as delay } from "node:timers/promises";
import { Child } from "./child.ts";

export interface Sizes {
  readonly users: number;
  /** At most ten, so that the caps on sockets and streams let them all in. */
  readonly readersPerUser: number;
  readonly servers: number;
  readonly writers: number;
  /** At least so many are written. */
  readonly events: number;
  /** Events that one transaction writes, all for one user. */
  readonly eventsPerTransaction: number;
  /** At least so many processes are killed meanwhile. */
  readonly kills: number;
  /** Milliseconds after which each connection is cut, on average. */
  readonly reconnectMs: number;
  /** Milliseconds from one kill to the next; servers and writers take turns, while there are writers. */
  readonly killMs: number;
}

const serverModule = new URL("./server.ts", import.meta.url);
const writerModule = new URL("./writer.ts", import.meta.url);
const startAttempts = 10;
const startRetryMs = 1_000;

/** The servers and writers of a run. Any of them may be killed; another then takes its place. */
export class Processes implements AsyncDisposable {
  readonly origins: string[] = [];
  kills = 0;
  readonly #children: Child[] = [];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #sizes: Sizes;
  #started = 0;
  #areWritersWanted = false;

  constructor(sizes: Sizes, environment: Readonly<Record<string, string>>) {
    this.#sizes = sizes;
    this.#environment = environment;
  }

  /** Tries again, as whatever supervises a server does: the database may still hold a killed one's connections. */
  async startServer(index: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const server = (this.#children[index] = new Child(serverModule, [], this.#environment));
      try {
        this.origins[index] = `http://127.0.0.1:${await server.port()}`;
        return;
      } catch (error) {
        if (attempt === startAttempts) throw error;
        await delay(startRetryMs);
      }
    }
  }

  startWriters(): void {
    this.#areWritersWanted = true;
    for (let index = 0; index < this.#sizes.writers; index++) this.#startWriter(index);
  }

  #startWriter(index: number): void {
    const { users, eventsPerTransaction } = this.#sizes;
    const args = [`writer-${++this.#started}`, String(users), String(eventsPerTransaction)];
    this.#children[this.#sizes.servers + index] = new Child(writerModule, args, this.#environment);
  }

  /** Kills servers, and writers as long as they are wanted, in turn until the signal aborts. */
  async keepKilling(signal: AbortSignal): Promise<void> {
    const { servers, writers, killMs } = this.#sizes;
    for (let turn = 0; !signal.aborted; turn++) {
      await delay(killMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const half = Math.floor(turn / 2);
      const isServer = turn % 2 === 0 || !this.#areWritersWanted;
      const index = isServer ? (this.#areWritersWanted ? half : turn) % servers : servers + (half % writers);
      await this.#children[index]!.kill();
      this.kills += 1;
      if (index < servers) await this.startServer(index);
      else if (this.#areWritersWanted) this.#startWriter(index - servers);
    }
  }

  async stopWriters(): Promise<void> {
    this.#areWritersWanted = false;
    await Promise.all(this.#children.slice(this.#sizes.servers).map((writer) => writer.kill()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => child.kill()));
  }
}
