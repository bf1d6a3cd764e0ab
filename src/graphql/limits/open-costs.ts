import type { Caller } from "../../callers/caller.ts";
import { HeldPlaces, holderOf } from "../../callers/held-places.ts";
import { LimitError } from "./limit-error.ts";

/**
 * Sums up what each caller's open subscriptions cost. One change of a user's makes an event in each of them, and each
 * event may cost as much as the dearest query.
 */
export class OpenCosts {
  readonly #limit: number;
  readonly #open: HeldPlaces;

  /** @param limit of one caller's open subscriptions together, by the formula of `OperationCosts` */
  constructor(limit: number) {
    this.#limit = limit;
    this.#open = new HeldPlaces(limit);
  }

  /** Adds a subscription that opens. @returns what takes it off again, once. @throws LimitError */
  add(caller: Caller, cost: number): () => void {
    const close = this.#open.take(holderOf(caller), cost);
    if (close !== null) return close;
    const limit = this.#limit;
    const requested = this.#open.of(holderOf(caller)) + cost;
    throw new LimitError(
      "subscriptionCost",
      `With this subscription, this user's open subscriptions at this process would cost ${requested}; the limit is ${limit}. End one, or select less in each.`,
      { limit, requested },
    );
  }
}
