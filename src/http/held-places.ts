import type { Caller } from "../callers/caller.ts";

/**
 * Counts what each caller holds open for a user. A service that acts for somebody has places of its own, so that
 * neither takes the other's.
 */
export class HeldPlaces {
  readonly #limit: number;
  readonly #held = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns what gives the place back, once; null if none is left. */
  take({ actor, userId }: Caller): (() => void) | null {
    const key = JSON.stringify([actor, userId]);
    const held = this.#held.get(key) ?? 0;
    if (held >= this.#limit) return null;
    this.#held.set(key, held + 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.#giveBack(key);
      isHeld = false;
    };
  }

  #giveBack(key: string): void {
    const held = this.#held.get(key)! - 1;
    if (held === 0) this.#held.delete(key);
    else this.#held.set(key, held);
  }
}
