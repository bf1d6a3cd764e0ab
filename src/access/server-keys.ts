import { CredentialNotFoundError } from "../errors/auth-error.ts";
import type { ProviderAuth, ProviderCredentials } from "../providers/provider-auth.ts";

/** The keys of the server's own environment, as far as its operator has them handed out to users. */
export class ServerKeys {
  readonly #areRevealed: boolean;

  constructor(areRevealed: boolean) {
    this.#areRevealed = areRevealed;
  }

  /** Null where there is none for the provider, and where it is not handed out. */
  find(provider: ProviderAuth): ProviderCredentials | null {
    return this.#areRevealed ? provider.environmentCredentials() : null;
  }

  /** Nothing is stored that fits, and no key of the server's stands in. It names the way to connect. */
  notConnected(provider: ProviderAuth): CredentialNotFoundError {
    const isWithheld = !this.#areRevealed && provider.environmentCredentials() !== null;
    const message = `There is no matching credential for ${provider.displayName}. Connect it with \`authenticate(input: {provider: "${provider.name}", …})\`.`;
    const withheld =
      " This server has a key of its own and does not hand it out; its operator can allow that with REVEAL_SERVER_KEYS=true.";
    return new CredentialNotFoundError(isWithheld ? message + withheld : message);
  }
}
