import { inspect } from "node:util";

const hidden = "[secret]";

/** Carries a secret through code that may log, print or serialize it: only `reveal()` gives the value. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. Call it where the value is used, and pass the wrapper everywhere else. */
  reveal(): string {
    return this.#value;
  }

  /** The last four characters; of a secret shorter than twelve only asterisks, since four would tell too much. */
  last4(): string {
    return this.#value.length < 12 ? "****" : this.#value.slice(-4);
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  /** GraphQL's scalars ask for it: a secret that a resolver returns fails there, and does not even tell of itself. */
  valueOf(): never {
    throw new TypeError("A secret is no value to serialize: reveal() it where it is used.");
  }

  [inspect.custom](): string {
    return hidden;
  }
}
