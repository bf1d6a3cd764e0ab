import { ProviderUnavailableError } from "../errors/auth-error.ts";
import type { ProviderAuth } from "../providers/provider-auth.ts";
import type { RefreshState } from "./lease.ts";

/** Why a credential cannot be refreshed at this moment, and when it can. */
export function postponement(provider: ProviderAuth, state: RefreshState): ProviderUnavailableError {
  if (isLeased(state)) return underWay(provider);
  const { displayName } = provider;
  if (state.isSent && state.replayMs !== null && state.replayMs > 0) {
    // Held back until somebody acts: there is no time to name.
    if (state.nextTryMs === null && state.statusReason !== null) {
      return new ProviderUnavailableError(state.statusReason, { failure: "withheld", detail: state.statusReason });
    }
    const detail = `The outcome of the last refresh at ${displayName} is not known, and repeating it now could end the sign-in.`;
    return withheld(detail, "The server retries", state.replayMs);
  }
  if (state.earliestMs !== null && state.earliestMs > 0) {
    return withheld(`${displayName} allows no refresh yet.`, "It allows one", state.earliestMs);
  }
  const detail = state.statusReason ?? `The refresh at ${displayName} must wait.`;
  return withheld(detail, "The server tries again", state.nextTryMs ?? 0);
}

/** Another call, or another process, refreshes the credential right now. */
export function underWay({ displayName }: ProviderAuth): ProviderUnavailableError {
  return withheld(`A refresh at ${displayName} is in progress.`, "Try again", 1_000);
}

/** Whether a process has claimed the credential, as far as is known. */
export function isLeased({ leaseMs }: RefreshState): boolean {
  return leaseMs !== null && leaseMs > 0;
}

/** Seconds. A provider may name any time; GraphQL's Int has 32 bits. */
const maxRetryAfter = 2 ** 31 - 1;

function withheld(detail: string, then: string, inMs: number): ProviderUnavailableError {
  const retryAfter = Math.min(Math.max(Math.ceil(inMs / 1000), 1), maxRetryAfter);
  const message = `${detail} ${then} in ${retryAfter} s.`;
  return new ProviderUnavailableError(message, { failure: "withheld", detail, retryAfter });
}
