/** At most a hundred messages a second: PostgreSQL's NOTIFY takes a lock that all of a server's commits share. */
const flushIntervalMs = 10;
/** PostgreSQL refuses payloads of 8000 bytes and more. */
const maxPayloadBytes = 7_900;

/** Who rings. */
interface Sender {
  readonly from: string;
  /** The history of its database; null where it does not say. */
  readonly timeline: string | null;
}

/** Packs user ids into as few payloads as possible, each with who sends it. */
function packPayloads({ from, timeline }: Sender, userIds: Iterable<string>): string[] {
  const payloads: string[] = [];
  const head = `[${JSON.stringify(timeline === null ? { from } : { from, timeline })}`;
  const headSize = Buffer.byteLength(head) + 1;
  let payload = head;
  let size = headSize;
  for (const userId of userIds) {
    const item = `,${JSON.stringify(userId)}`;
    const length = Buffer.byteLength(item);
    if (size + length > maxPayloadBytes) {
      payloads.push(`${payload}]`);
      payload = head;
      size = headSize;
    }
    payload += item;
    size += length;
  }
  if (payload !== head) payloads.push(`${payload}]`);
  return payloads;
}

/** The user ids of a payload, and its sender where it names one; no ids of one that no `RingBatch` has made. */
export function unpackPayload(payload: string): {
  readonly from: string | null;
  readonly timeline: string | null;
  readonly userIds: readonly string[];
} {
  try {
    const value: unknown = JSON.parse(payload);
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    const sender = items.find((item) => typeof item === "object" && item !== null && "from" in item);
    return {
      from: sender === undefined ? null : String(sender.from),
      timeline: sender !== undefined && "timeline" in sender ? String(sender.timeline) : null,
      userIds: items.filter((item) => typeof item === "string"),
    };
  } catch {
    return { from: null, timeline: null, userIds: [] };
  }
}

/** Gathers the rings that come close together, and sends each user's once. */
export class RingBatch implements AsyncDisposable {
  readonly #sender: () => Sender;
  readonly #send: (payload: string) => Promise<void>;
  #pending = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | null = null;
  /** By `performance.now()`. */
  #sentAt = -Infinity;

  /**
   * @param sender who rings, at the time of sending
   * @param send must not reject
   */
  constructor(sender: () => Sender, send: (payload: string) => Promise<void>) {
    this.#sender = sender;
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
    for (const payload of packPayloads(this.#sender(), userIds)) await this.#send(payload);
  }

  /** Sends what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sending;
    clearTimeout(this.#timer);
    await this.#sendPending();
  }
}
