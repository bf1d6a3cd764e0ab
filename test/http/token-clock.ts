import type { Clock } from "../../src/lib/clock.ts";

/** Runs as the system's clock does, and can be set so that a token of a second's lifetime ends soon. */
export class TokenClock implements Clock {
  #offsetMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#offsetMs);
  }

  /** Tokens end at whole seconds: one issued now with a lifetime of one second ends after so many milliseconds. */
  setNextSecondIn(ms: number): void {
    this.#offsetMs += 1_000 - ms - (this.now().getTime() % 1_000);
  }
}
