import { MethodUnavailableError } from "../../errors/auth-error.ts";
import type { OAuthFlowKind, ProviderAuth } from "../../providers/provider-auth.ts";
import { availableMethods } from "./flow-kind.ts";
import type { RedirectUris } from "./redirect-uris.ts";

/** Where providers send users back to. */
export class FlowRedirects {
  readonly #allowed: RedirectUris;
  readonly #publicUrl: string;

  constructor(allowed: RedirectUris, publicUrl: string) {
    this.#allowed = allowed;
    this.#publicUrl = publicUrl;
  }

  /** This server's own callback. */
  callback(provider: ProviderAuth): string {
    return `${this.#publicUrl}/auth/${provider.name}/callback`;
  }

  /**
   * The redirect URI of a flow; null where none belongs to it.
   * @throws RedirectUriNotAllowedError, MethodUnavailableError
   */
  choose(provider: ProviderAuth, kind: OAuthFlowKind, asked: string | null): string | null {
    if (kind === "device") return null;
    // Where the provider shows the code, the page is the provider's own and named by its catalogue entry.
    if (kind === "paste" && asked === null) return null;
    const redirectUri = asked ?? (kind === "loopback" ? this.#loopback(provider) : this.callback(provider));
    if (redirectUri === null) {
      throw new MethodUnavailableError(
        "No loopback redirect URI is configured. The operator adds one to OAUTH_REDIRECT_URIS.",
        availableMethods(provider),
      );
    }
    this.#allowed.assertAllowed(redirectUri);
    return redirectUri;
  }

  /** A code that came to another provider's callback would find no flow there. */
  #loopback(provider: ProviderAuth): string | null {
    const callback = this.callback(provider);
    const [before, after] = [`${this.#publicUrl}/auth/`, "/callback"];
    const isOther = (uri: string) => uri !== callback && uri.startsWith(before) && uri.endsWith(after);
    return this.#allowed.defaultLoopback(callback, isOther);
  }
}
