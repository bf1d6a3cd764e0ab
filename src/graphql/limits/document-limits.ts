/** How much one operation may ask for, on every transport. */
export interface DocumentLimits {
  /** Lexical tokens of a document; comments, which are none, are held to the same number. */
  readonly tokens: number;
  /** Fields within fields. */
  readonly depth: number;
  /** Aliases that stand in a document. */
  readonly aliases: number;
  /** Fields of an operation's root, fragments followed. */
  readonly rootFields: number;
  /** Directives that stand in a document. */
  readonly directives: number;
  /** What an operation may cost by the formula of `OperationCosts`. */
  readonly cost: number;
  /**
   * What a user's open subscriptions may cost together, by the same formula: each event is executed for all of them.
   */
  readonly subscriptionCost: number;
}

/** GraphiQL's introspection passes: it is 15 deep, has 183 tokens and costs about half of what is allowed. */
export const documentLimits: DocumentLimits = {
  tokens: 1_000,
  depth: 16,
  aliases: 30,
  rootFields: 10,
  directives: 50,
  cost: 5_000,
  subscriptionCost: 20_000,
};
