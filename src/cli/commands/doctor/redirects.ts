import type { Config } from "../../../config/config.ts";
import { isConfidential, isLoopback } from "../../../lib/loopback.ts";
import type { ProviderRegistry } from "../../../providers/registry.ts";
import { fail, type Finding, ok, warn } from "./check.ts";

/** Whether the consents that come to this server's own address are accepted, and travel by https. */
export function checkRedirectUris(config: Config, registry: ProviderRegistry): Finding {
  const publicUrl = new URL(config.publicUrl);
  if (!isConfidential(publicUrl)) {
    return fail(
      `PUBLIC_URL is ${publicUrl.origin}: authorization codes and tokens would travel in the clear.`,
      "Serve by https and set PUBLIC_URL to the https address.",
    );
  }
  if (config.production && isLoopback(publicUrl.hostname)) {
    return warn(
      `PUBLIC_URL is ${publicUrl.origin}, which only this machine can reach.`,
      "Set PUBLIC_URL to the address that browsers use.",
    );
  }
  const missing = registry
    .list()
    .filter((provider) =>
      provider.getAvailableMethods().some(({ available, flows }) => available && flows.includes("redirect")),
    )
    .map(({ name }) => `${config.publicUrl}/auth/${name}/callback`)
    .filter((uri) => !config.redirectUris.includes(uri));
  if (missing.length > 0) {
    return warn(
      `OAUTH_REDIRECT_URIS does not have ${missing.join(", ")}: sign-ins that name no redirect URI are refused.`,
      "Add it, or let every application name one of the list.",
    );
  }
  return ok(`${config.redirectUris.length} allowed, callbacks at ${publicUrl.origin}`);
}
