/** Something that only the operator of the server can mend: one text says what is wrong, another what to do about it. */
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
