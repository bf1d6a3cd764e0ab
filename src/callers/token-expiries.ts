import type { Clock } from "../clock.ts";

/** What must end when its caller's token does. */
export interface Expiring {
  readonly expiresAt: Date;
  /** Called once, not before that time. Must not throw. */
  expire(): void;
}

const maxTimeoutMs = 2 ** 31 - 1;

/** Ends what must not outlive a token. One timer looks after all of them: tokens end at whole seconds (RFC 7519, "exp"). */
export class TokenExpiries implements Disposable {
  readonly #clock: Clock;
  /** By the time of the end, in milliseconds since 1970. */
  readonly #expiring = new Map<number, Set<Expiring>>();
  #next = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(item: Expiring): void {
    const at = item.expiresAt.getTime();
    const items = this.#expiring.get(at);
    if (items === undefined) this.#expiring.set(at, new Set([item]));
    else items.add(item);
    if (at < this.#next) this.#wait(at);
  }

  delete(item: Expiring): void {
    const at = item.expiresAt.getTime();
    const items = this.#expiring.get(at);
    items?.delete(item);
    if (items?.size === 0) this.#expiring.delete(at);
  }

  /** A timer may be a millisecond early; one for a longer time than it can wait is set again. */
  #wait(at: number): void {
    clearTimeout(this.#timer);
    this.#next = at;
    const waitMs = Math.max(0, at - this.#clock.now().getTime()) + 1;
    this.#timer = setTimeout(() => this.#look(), Math.min(waitMs, maxTimeoutMs)).unref();
  }

  #look(): void {
    const now = this.#clock.now().getTime();
    let next = Infinity;
    for (const [at, items] of this.#expiring) {
      if (at > now) next = Math.min(next, at);
      else {
        this.#expiring.delete(at);
        for (const item of items) item.expire();
      }
    }
    this.#next = Infinity;
    if (next < Infinity) this.#wait(next);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#expiring.clear();
  }
}
