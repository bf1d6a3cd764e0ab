import type { Clock } from "../lib/clock.ts";
import { type Caller, CallerError } from "./caller.ts";

/** What a sensitive operation needs to know of a user's login. All that is set must be met. */
export interface StepUpRequirement {
  /** Seconds since the login, at most; null for any time. */
  readonly maxAge: number | null;
  /** The token's `acr` must be one of these; any where there are none. */
  readonly acrValues: readonly string[];
  /** One of the token's `amr` must be among these (RFC 8176); any where there are none. */
  readonly amrValues: readonly string[];
}

/** The user has to log in again, or by stronger means, and send the token that comes of it (RFC 9470). */
export class InsufficientAuthenticationError extends CallerError {
  readonly requirement: StepUpRequirement;

  constructor(requirement: StepUpRequirement) {
    super(
      "INSUFFICIENT_USER_AUTHENTICATION",
      `This requires a login ${describe(requirement)}. Let the user log in that way, then repeat it with the new token.`,
    );
    this.requirement = requirement;
  }
}

function describe({ maxAge, acrValues, amrValues }: StepUpRequirement): string {
  const parts = [
    ...(maxAge === null ? [] : [`within the last ${maxAge} s`]),
    ...(acrValues.length === 0 ? [] : [`at one of the levels ${acrValues.join(", ")}`]),
    ...(amrValues.length === 0 ? [] : [`by one of the methods ${amrValues.join(", ")}`]),
  ];
  return parts.join(", ");
}

const clockToleranceMs = 5_000;

/**
 * Decides whether a caller's login is recent and strong enough. A service is measured by its own token, as a user is:
 * one that nobody has logged in for cannot do what needs a login, whomever it acts for.
 */
export class StepUp {
  readonly #requirement: StepUpRequirement | null;
  readonly #clock: Clock;

  constructor(requirement: StepUpRequirement | null, clock: Clock) {
    this.#requirement = requirement;
    this.#clock = clock;
  }

  isMetBy({ login }: Pick<Caller, "login">): boolean {
    if (this.#requirement === null) return true;
    const { maxAge, acrValues, amrValues } = this.#requirement;
    const { authTime = null, acr = null, amr = [] } = login ?? {};
    return (
      (maxAge === null || this.#isRecent(authTime, maxAge)) &&
      (acrValues.length === 0 || (acr !== null && acrValues.includes(acr))) &&
      (amrValues.length === 0 || amr.some((method) => amrValues.includes(method)))
    );
  }

  /** A login in the future would never grow old: it proves nothing. */
  #isRecent(authTime: Date | null, maxAge: number): boolean {
    if (authTime === null) return false;
    const ageMs = this.#clock.now().getTime() - authTime.getTime();
    return ageMs >= -clockToleranceMs && ageMs <= maxAge * 1000 + clockToleranceMs;
  }

  /** What to tell a caller whose login does not do. */
  refusal(): InsufficientAuthenticationError {
    return new InsufficientAuthenticationError(this.#requirement ?? { maxAge: null, acrValues: [], amrValues: [] });
  }
}
