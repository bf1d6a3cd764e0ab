/** As many operations of the user are under way as may be. `retryAfter` is in seconds. */
export class TooManyOperationsError extends Error {
  readonly code = "TOO_MANY_OPERATIONS";
  readonly limit: number;
  readonly retryAfter = 1;

  constructor(limit: number) {
    super(
      `This server already runs ${limit} operations of this user, which is the limit. This one was not run; retry in a second.`,
    );
    this.name = "TooManyOperationsError";
    this.limit = limit;
  }
}
