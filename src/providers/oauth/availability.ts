import { MethodUnavailableError } from "../../errors/auth-error.ts";
import type { AuthMethod, OAuthFlowKind, ProviderMethod } from "../provider-auth.ts";
import { type OAuthSettings, settingName } from "../provider-settings.ts";
import type { OAuthDescription } from "./description.ts";

interface OAuthAvailabilityOptions {
  readonly name: string;
  readonly displayName: string;
  readonly description: OAuthDescription;
  readonly settings: OAuthSettings;
  /** Of the described flows, those whose endpoints are known. */
  readonly flows: readonly OAuthFlowKind[];
  /** The provider's other methods. */
  readonly others: readonly AuthMethod[];
}

/** Whether users can sign in on this server, how, and what the operator has to set if not. */
export class OAuthAvailability {
  readonly method: ProviderMethod;
  /** The variables with the operator's client. */
  readonly variables: readonly string[];
  readonly #displayName: string;
  readonly #others: readonly AuthMethod[];

  constructor({ name, displayName, description, settings, flows, others }: OAuthAvailabilityOptions) {
    const clientId = settingName(name, "OAUTH_CLIENT_ID");
    const clientSecret = settingName(name, "OAUTH_CLIENT_SECRET");
    const needsSecret = description.clientAuthentication === "secret";
    const missing = [
      ...(settings.clientId === null ? [clientId] : []),
      ...(needsSecret && settings.clientSecret === null ? [clientSecret] : []),
    ];
    const { standing, note, url, asOf } = description.policy;
    this.method = {
      method: "oauth",
      available: missing.length === 0,
      unavailableReason:
        missing.length === 0
          ? null
          : `The operator has not set ${missing.join(" and ")}: the client that is registered with ${displayName} for this server.`,
      flows,
      policy: standing,
      policyNote: `${note} (As of ${asOf}.)`,
      policyUrl: url,
    };
    this.variables = needsSecret || settings.clientSecret !== null ? [clientId, clientSecret] : [clientId];
    this.#displayName = displayName;
    this.#others = others;
  }

  /** The methods that are left where one of the flows does not work. */
  others(kind: OAuthFlowKind): readonly AuthMethod[] {
    return this.method.flows.some((flow) => flow !== kind) ? ["oauth", ...this.#others] : this.#others;
  }

  /** @throws MethodUnavailableError naming what would work. */
  require(kind?: OAuthFlowKind): void {
    const { available, unavailableReason, flows } = this.method;
    if (!available) {
      throw new MethodUnavailableError(
        `${this.#displayName} cannot be connected by OAuth on this server. ${unavailableReason}`,
        this.#others,
      );
    }
    if (kind === undefined || flows.includes(kind)) return;
    const kinds = flows.map((flow) => flow.toUpperCase()).join(", ");
    throw new MethodUnavailableError(
      `${this.#displayName} has no ${kind.toUpperCase()} flow on this server. It has: ${kinds}.`,
      ["oauth", ...this.#others],
    );
  }
}
