/**
 * Lets only so many pieces of work begin in one turn of the event loop, in the order in which they came. Node accepts
 * one new connection in a turn: if a turn ran all that many connections have brought at once, somebody's `/health`
 * would wait for as many such turns as there are connections before it.
 */
export class Turns {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  #begun = 0;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** Resolves once the work may begin: at once, unless others have taken this turn. */
  take(): Promise<void> {
    if (this.#begun < this.#perTurn) {
      this.#begin();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #begin(): void {
    if (this.#begun === 0) setImmediate(() => this.#next());
    this.#begun += 1;
  }

  #next(): void {
    this.#begun = 0;
    for (const resolve of this.#waiting.splice(0, this.#perTurn)) {
      this.#begin();
      resolve();
    }
  }
}
