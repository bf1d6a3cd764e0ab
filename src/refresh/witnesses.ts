/** How many users must meet the same before it counts as the provider's doing. */
export const severalUsers = 3;

/** Users who have met something; there is no need to know more of them than are needed. */
class Users {
  readonly #users = new Set<string>();

  get areSeveral(): boolean {
    return this.#users.size >= severalUsers;
  }

  /** @returns whether this user was not among them. */
  add(user: string): boolean {
    if (this.#users.has(user)) return false;
    if (!this.areSeveral) this.#users.add(user);
    return true;
  }

  clear(): void {
    this.#users.clear();
  }
}

/**
 * What the refreshes of different users tell of one provider, since the last one that succeeded. One user's sign-ins
 * may be poisoned, blocked or slow, all of them at once: what he alone meets says nothing about the provider.
 */
export class Witnesses {
  readonly #silenced = new Users();
  readonly #limited = new Users();
  readonly #refused = new Users();

  succeeded(): void {
    for (const users of [this.#silenced, this.#limited, this.#refused]) users.clear();
  }

  /** The provider gave no usable answer. @returns whether that tells more than one user's trouble. */
  silenced(user: string): boolean {
    return this.#silenced.add(user);
  }

  /** Too many requests: the limit may be the account's. @returns whether that tells more than one user's trouble. */
  limited(user: string): boolean {
    return this.#limited.add(user);
  }

  /**
   * This server's own client was refused, for a grant for which it once was accepted. @returns whether several users
   * have met that.
   */
  clientRefused(user: string): boolean {
    this.#refused.add(user);
    return this.#refused.areSeveral;
  }
}
