import type { MintedTokens } from "../../support/refresh-oracle.ts";
import type { StrictProviderProcess } from "../../support/strict-provider-process.ts";

/** Calls of one turn of the event loop, made as one. */
class Batch<Question, Answer> {
  readonly #ask: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  #open: { readonly questions: Question[]; readonly answers: Promise<readonly Answer[]> } | null = null;

  constructor(ask: (questions: readonly Question[]) => Promise<readonly Answer[]>) {
    this.#ask = ask;
  }

  async ask(question: Question): Promise<Answer> {
    const batch = (this.#open ??= this.#begin());
    const index = batch.questions.push(question) - 1;
    return (await batch.answers)[index]!;
  }

  #begin() {
    const questions: Question[] = [];
    const { promise, resolve } = Promise.withResolvers<readonly Answer[]>();
    setImmediate(() => {
      this.#open = null;
      resolve(this.#ask(questions));
    });
    return { questions, answers: promise };
  }
}

/** A strict provider that is asked about thousands of sign-ins at once without a connection for each. */
export class BatchedProvider {
  readonly #provider: StrictProviderProcess;
  readonly #mints: Batch<string, MintedTokens>;
  readonly #currents: Batch<string, boolean>;

  constructor(provider: StrictProviderProcess) {
    this.#provider = provider;
    this.#mints = new Batch((users) => provider.mintAll(users));
    this.#currents = new Batch((tokens) => provider.areCurrent(tokens));
  }

  mint(user: string): Promise<MintedTokens> {
    return this.#mints.ask(user);
  }

  isCurrent(refreshToken: string): Promise<boolean> {
    return this.#currents.ask(refreshToken);
  }

  environment(provider: string): Record<string, string> {
    return this.#provider.environment(provider);
  }
}
