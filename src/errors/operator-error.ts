/**
 * Something that only the operator of the server can mend: one text says what is wrong, another what to do about it.
 */
export class OperatorError extends Error {
  readonly reason: string;
  readonly cure: string;

  constructor(reason: string, cure: string, options?: ErrorOptions) {
    super(`${reason} ${cure}`, options);
    this.name = new.target.name;
    this.reason = reason;
    this.cure = cure;
  }
}

/** A failure as the log has it: of one that the operator can mend two short texts, and no stack trace. */
export function describeForLog(
  error: unknown,
): { readonly reason: string; readonly cure: string } | { readonly err: unknown } {
  return error instanceof OperatorError ? { reason: error.reason, cure: error.cure } : { err: error };
}
