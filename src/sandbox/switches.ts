/** What a person has set on the control page: how the sandbox misbehaves from now on. */
export class Switches {
  /** The token endpoint and the API answer 503. */
  outage = false;
  /** The next request for consent is declined without asking. */
  denyNext = false;

  /** Whether this request for consent is the one to decline. */
  takeDenial(): boolean {
    const { denyNext } = this;
    this.denyNext = false;
    return denyNext;
  }
}
