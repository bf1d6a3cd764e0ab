/** At most a hundred messages a second: PostgreSQL's NOTIFY takes a lock that all of a server's commits share. */
const flushIntervalMs = 10;
/** PostgreSQL refuses payloads of 8000 bytes and more. */
const maxPayloadBytes = 7_900;

/** Packs user ids into as few payloads as possible. */
function packPayloads(userIds: Iterable<string>): string[] {
  const payloads: string[] = [];
  let batch: string[] = [];
  let size = 2;
  for (const userId of userIds) {
    const length = Buffer.byteLength(JSON.stringify(userId)) + 1;
    if (size + length > maxPayloadBytes) {
      payloads.push(JSON.stringify(batch));
      batch = [];
      size = 2;
    }
    batch.push(userId);
    size += length;
  }
  if (batch.length > 0) payloads.push(JSON.stringify(batch));
  return payloads;
}

/** The user ids of a payload; none of one that no `RingBatch` has made. */
export function unpackPayload(payload: string): string[] {
  try {
    const value: unknown = JSON.parse(payload);
    return Array.isArray(value) ? value.filter((userId) => typeof userId === "string") : [];
  } catch {
    return [];
  }
}

/** Gathers the rings that come close together, and sends each user's once. */
export class RingBatch implements AsyncDisposable {
  readonly #send: (payload: string) => Promise<void>;
  #pending = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | null = null;
  /** By `performance.now()`. */
  #sentAt = -Infinity;

  /** @param send must not reject */
  constructor(send: (payload: string) => Promise<void>) {
    this.#send = send;
  }

  add(userId: string): void {
    this.#pending.add(userId);
    this.#schedule();
  }

  /**
   * A ring after a pause goes out at once. While one batch is sent the next one gathers: a slow line gets fewer and
   * larger ones.
   */
  #schedule(): void {
    if (this.#sending !== null || this.#pending.size === 0) return;
    const waitMs = Math.max(0, this.#sentAt + flushIntervalMs - performance.now());
    this.#timer ??= setTimeout(() => this.#flush(), waitMs).unref();
  }

  #flush(): void {
    this.#timer = undefined;
    this.#sentAt = performance.now();
    this.#sending = this.#sendPending().finally(() => {
      this.#sending = null;
      this.#schedule();
    });
  }

  async #sendPending(): Promise<void> {
    const userIds = this.#pending;
    this.#pending = new Set();
    for (const payload of packPayloads(userIds)) await this.#send(payload);
  }

  /** Sends what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sending;
    clearTimeout(this.#timer);
    await this.#sendPending();
  }
}
