import type { Clock } from "../lib/clock.ts";
import type { Caller } from "./caller.ts";

/** What must end when its caller's token does. */
export interface Expiring {
  readonly caller: Pick<Caller, "expiresAt" | "signedBy"> | null;
  /** Called once, with the reason in words for a person. Must not throw. */
  expire(reason: string): void;
}

const maxTimeoutMs = 2 ** 31 - 1;

export const tokenExpired = "The token has expired.";
const keyWithdrawn = "The token is no longer accepted: the key that it was signed with was withdrawn.";

function timeOf({ caller }: Expiring): number {
  return caller!.expiresAt.getTime();
}

/**
 * Ends what must not outlive a token. One timer looks after all of them: tokens end at whole seconds (RFC 7519, "exp").
 */
export class TokenExpiries implements Disposable {
  readonly #clock: Clock;
  /** By the time of the end, in milliseconds since 1970. */
  readonly #expiring = new Map<number, Set<Expiring>>();
  #next = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#expiring.size === 0;
  }

  add(item: Expiring): void {
    const at = timeOf(item);
    const items = this.#expiring.get(at);
    if (items === undefined) this.#expiring.set(at, new Set([item]));
    else items.add(item);
    if (at < this.#next) this.#wait(at);
  }

  delete(item: Expiring): void {
    const at = timeOf(item);
    const items = this.#expiring.get(at);
    items?.delete(item);
    if (items?.size === 0) this.#expiring.delete(at);
  }

  /** Ends at once what depends on a published key that is not among the present ones: it was withdrawn. */
  keepOnly(presentKeys: ReadonlySet<string>): void {
    for (const items of this.#expiring.values()) {
      for (const item of items) {
        const { signedBy = null } = item.caller!;
        if (signedBy === null || presentKeys.has(signedBy)) continue;
        this.delete(item);
        item.expire(keyWithdrawn);
      }
    }
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
        for (const item of items) item.expire(tokenExpired);
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
