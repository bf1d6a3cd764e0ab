import type { ProviderDefinition } from "../../../src/providers/provider-definition.ts";
import { defineProvider } from "../../../src/providers/provider.ts";

/** The name of the provider in these tests. */
export const providerName = "rotating";

/** A provider whose refresh tokens are for one use, with a grace of so many seconds. */
export function rotatingProvider(graceSeconds: number): ProviderDefinition {
  return defineProvider({
    name: providerName,
    displayName: "Rotating",
    documentationUrl: null,
    baseUrl: "http://127.0.0.1:9",
    oauth: {
      policy: { standing: "supported", note: "", url: null, asOf: "November 2026" },
      flows: ["loopback"],
      authorizationUrl: "http://127.0.0.1:9/authorize",
      tokenUrl: "http://127.0.0.1:9/token",
      scopes: ["inference"],
      clientAuthentication: "none",
      refreshToken: { rotates: true, graceSeconds },
      bodyEncoding: { refresh: "json" },
    },
  });
}
