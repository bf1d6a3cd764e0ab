import type { NewEvent } from "../events/event.ts";
import type { ProviderCredential } from "./provider-credential.ts";

/** What every event about a credential says of it. */
export function credentialEventBody(
  credential: ProviderCredential,
): Extract<NewEvent, { type: "CredentialRevoked" }>["body"] {
  const { id, provider, authMethod, label } = credential;
  return { credentialId: id, provider, method: authMethod, label };
}
