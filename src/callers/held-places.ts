import type { Caller } from "./caller.ts";

/**
 * The holder of what a caller holds for a user. A service that acts for somebody has places of its own, so that neither
 * takes the other's.
 */
export function holderOf({ actor, userId }: Caller): string {
  return JSON.stringify([actor, userId]);
}

/** Counts what each holder has, up to a limit for each and a limit for all of them. */
export class HeldPlaces {
  readonly #limit: number;
  readonly #total: number;
  readonly #held = new Map<string, number>();
  #sum = 0;

  /** @param total for all holders together */
  constructor(limit: number, total = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
    this.#total = total;
  }

  /** @returns what gives the places back, once; null if there are not so many left. */
  take(holder: string, places = 1): (() => void) | null {
    const held = this.of(holder) + places;
    if (held > this.#limit || this.#sum + places > this.#total) return null;
    this.#held.set(holder, held);
    this.#sum += places;
    let isHeld = true;
    return () => {
      if (isHeld) this.#giveBack(holder, places);
      isHeld = false;
    };
  }

  /** How many a holder has. */
  of(holder: string): number {
    return this.#held.get(holder) ?? 0;
  }

  #giveBack(holder: string, places: number): void {
    const held = this.of(holder) - places;
    if (held === 0) this.#held.delete(holder);
    else this.#held.set(holder, held);
    this.#sum -= places;
  }
}
