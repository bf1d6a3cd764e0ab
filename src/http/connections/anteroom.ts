/** Milliseconds in which a newcomer is left alone: clients that come back together, after a restart, need some. */
const graceMs = 1_000;

export interface AnteroomLimits {
  readonly perNetwork: number;
  readonly inAll: number;
}

/**
 * Where connections are until their caller is known. Nobody is refused at the door: the oldest of a network that has
 * too many makes room, and with too many of all networks together the oldest of the network with the most. Whoever is
 * known soon loses nothing by that, and whoever only holds places loses them.
 */
export class Anteroom<Item extends object> {
  readonly #limits: AnteroomLimits;
  readonly #evict: (item: Item, limit: number) => void;
  /** By network; those of each the oldest first, with when they came by `performance.now()`. */
  readonly #networks = new Map<string, Map<Item, number>>();
  readonly #networkOf = new WeakMap<Item, string>();
  #count = 0;

  /** @param evict ends one that has to make room, which has left by then */
  constructor(limits: AnteroomLimits, evict: (item: Item, limit: number) => void) {
    this.#limits = limits;
    this.#evict = evict;
  }

  get count(): number {
    return this.#count;
  }

  enter(item: Item, network: string): void {
    const siblings = this.#networks.get(network) ?? new Map<Item, number>();
    const { perNetwork, inAll } = this.#limits;
    if (this.#count >= inAll) this.#makeRoom(this.#largest(), inAll, 0);
    else if (siblings.size >= perNetwork) this.#makeRoom(siblings, perNetwork, graceMs);
    // It may have lost its last one.
    this.#networks.set(network, siblings);
    siblings.set(item, performance.now());
    this.#networkOf.set(item, network);
    this.#count += 1;
  }

  /** The caller is known, or the connection is over. What is not here leaves nothing. */
  leave(item: Item): void {
    const network = this.#networkOf.get(item);
    if (network === undefined) return;
    this.#networkOf.delete(item);
    this.#count -= 1;
    const siblings = this.#networks.get(network)!;
    siblings.delete(item);
    if (siblings.size === 0) this.#networks.delete(network);
  }

  #largest(): ReadonlyMap<Item, number> {
    let largest: ReadonlyMap<Item, number> = new Map();
    for (const siblings of this.#networks.values()) if (siblings.size > largest.size) largest = siblings;
    return largest;
  }

  #makeRoom(siblings: ReadonlyMap<Item, number>, limit: number, minAgeMs: number): void {
    const [oldest] = siblings;
    if (oldest === undefined) return;
    const [item, since] = oldest;
    if (performance.now() - since < minAgeMs) return;
    this.leave(item);
    this.#evict(item, limit);
  }
}
