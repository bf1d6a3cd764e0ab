import type { DocumentLimits } from "./document-limits.ts";

const codes = {
  tokens: "TOKEN_LIMIT_EXCEEDED",
  depth: "DEPTH_LIMIT_EXCEEDED",
  aliases: "ALIAS_LIMIT_EXCEEDED",
  rootFields: "ROOT_FIELD_LIMIT_EXCEEDED",
  directives: "DIRECTIVE_LIMIT_EXCEEDED",
  cost: "COST_LIMIT_EXCEEDED",
  subscriptionCost: "SUBSCRIPTION_COST_LIMIT_EXCEEDED",
} as const satisfies Record<keyof DocumentLimits, string>;

/** The code of a limit that an operation exceeds. */
export type LimitCode = (typeof codes)[keyof typeof codes];

/** An operation asks for more than is allowed. The message is safe to show: nothing of the document stands in it. */
export class LimitError extends Error {
  readonly code: LimitCode;
  readonly limit: number;
  /** Null where counting stopped at the limit. */
  readonly requested: number | null;

  constructor(
    kind: keyof DocumentLimits,
    message: string,
    { limit, requested }: { readonly limit: number; readonly requested: number | null },
  ) {
    super(message);
    this.name = "LimitError";
    this.code = codes[kind];
    this.limit = limit;
    this.requested = requested;
  }
}
