import { setImmediate } from "node:timers/promises";

/** What is asked in one turn, and the answers in the same order. */
interface Turn<Question, Answer> {
  readonly questions: Question[];
  readonly answers: Promise<readonly Answer[]>;
}

/** Joins what is asked during one turn of the event loop, by whomever, into one call. Nothing is kept. */
export class TurnBatch<Question, Answer> {
  readonly #answer: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  #turn: Turn<Question, Answer> | null = null;

  /** @param answer gives as many answers as there are questions, in their order */
  constructor(answer: (questions: readonly Question[]) => Promise<readonly Answer[]>) {
    this.#answer = answer;
  }

  /** Rejects with what the call of this turn throws, as it does for the others of the turn. */
  async ask(question: Question): Promise<Answer> {
    if (this.#turn === null) {
      const questions: Question[] = [];
      this.#turn = { questions, answers: this.#answerLater(questions) };
    }
    const { questions, answers } = this.#turn;
    const place = questions.push(question) - 1;
    return (await answers)[place]!;
  }

  async #answerLater(questions: readonly Question[]): Promise<readonly Answer[]> {
    await setImmediate();
    this.#turn = null;
    return this.#answer(questions);
  }
}
