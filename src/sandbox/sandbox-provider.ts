import type { ProviderDefinition } from "../providers/provider-definition.ts";
import { noProviderSettings, type ProviderSettings } from "../providers/provider-settings.ts";
import { defineProvider } from "../providers/provider.ts";
import { clientId, scopeTexts } from "./authorization-server.ts";
import { sandboxName } from "./name.ts";

const text = (value: unknown) => (typeof value === "string" ? value : null);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const probe = "/v1/models";

/** The sandbox as a provider like any other, at the address that it has got. */
export function describeSandbox(origin: string): ProviderDefinition {
  return defineProvider({
    name: sandboxName,
    displayName: "Sandbox",
    documentationUrl: `${origin}/`,
    baseUrl: origin,
    apiKey: { headers: bearer, probe },
    oauth: {
      policy: {
        standing: "supported",
        note: "It is this server's own, for trying things out.",
        url: null,
        asOf: "November 2026",
      },
      flows: ["redirect", "loopback", "device"],
      issuer: origin,
      discovery: true,
      refreshToken: { rotates: true },
      scopes: Object.keys(scopeTexts),
      clientAuthentication: "none",
      device: { kind: "rfc8628" },
      check: { probe },
      account: ({ claims }) => ({ id: text(claims["sub"]), email: text(claims["email"]) }),
    },
  });
}

/** What an operator would set in the environment for another provider. */
export function sandboxSettings(origin: string): ProviderSettings {
  return { ...noProviderSettings, oauth: { ...noProviderSettings.oauth, clientId, issuer: origin } };
}
