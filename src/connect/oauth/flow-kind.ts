import { MethodUnavailableError } from "../../errors/auth-error.ts";
import type { AuthMethod, OAuthFlowKind, ProviderAuth } from "../../providers/provider-auth.ts";

/** Those that work on this server. */
export function availableMethods(provider: ProviderAuth): AuthMethod[] {
  return provider.getAvailableMethods().flatMap(({ method, available }) => (available ? [method] : []));
}

/** The flows that users can sign in by on this server. @throws MethodUnavailableError where there are none. */
function availableKinds(provider: ProviderAuth): readonly OAuthFlowKind[] {
  const method = provider.getAvailableMethods().find((item) => item.method === "oauth");
  if (method?.available === true && method.flows.length > 0) return method.flows;
  const message = `${provider.displayName} cannot be connected by OAuth on this server.`;
  const reason = method?.unavailableReason ?? null;
  throw new MethodUnavailableError(reason === null ? message : `${message} ${reason}`, availableMethods(provider));
}

/** @throws MethodUnavailableError */
export function defaultKind(provider: ProviderAuth): OAuthFlowKind {
  return availableKinds(provider)[0]!;
}

/** Tokens without the operator's client could not be refreshed or revoked. @throws MethodUnavailableError */
export function assertOAuthAvailable(provider: ProviderAuth): void {
  availableKinds(provider);
}

/** The provider has this method, whether or not it is configured here. @throws MethodUnavailableError */
export function assertMethod(provider: ProviderAuth, method: AuthMethod): void {
  if (provider.getAvailableMethods().some((item) => item.method === method)) return;
  throw new MethodUnavailableError(
    `${provider.displayName} has no credentials of the method ${method}.`,
    availableMethods(provider),
  );
}
