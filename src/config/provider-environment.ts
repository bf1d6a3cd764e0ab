import { isConfidential } from "../lib/loopback.ts";
import { Secret } from "../lib/secret.ts";
import type { ProviderApi } from "../providers/provider-definition.ts";
import { type OAuthSettings, type ProviderSettings, settingName } from "../providers/provider-settings.ts";
import { readApiBaseUrl } from "./api-base-url.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

/** What configuration needs to know of a catalogue entry to read its variables. */
export interface ConfigurableProvider {
  readonly name: string;
  /** Further names under which the server's own key is commonly found. */
  readonly apiKeyVariables?: readonly string[];
  /** Absent where nothing is called with its credentials. */
  readonly api?: ProviderApi;
}

function readOAuth(reader: EnvironmentReader, provider: string): OAuthSettings {
  const text = (suffix: string) => reader.text(settingName(provider, `OAUTH_${suffix}`));
  const url = (suffix: string, path: string) => {
    const name = settingName(provider, `OAUTH_${suffix}`);
    const example = `https://login.example.com${path}`;
    const value = reader.url(name, ["https:", "http:"], example);
    if (value === null) return null;
    if (!isConfidential(value)) reader.fault(name, "needs https unless it is on this machine.", example);
    if (value.hash !== "" || value.username !== "" || value.password !== "") {
      reader.fault(name, "must not have a fragment or a user name.", example);
    }
    return value.href;
  };
  const secret = text("CLIENT_SECRET");
  return {
    clientId: text("CLIENT_ID"),
    clientSecret: secret === null ? null : new Secret(secret),
    // Issuers are compared as they are written, and most have no slash at the end (RFC 8414, section 2).
    issuer: url("ISSUER", "") === null ? null : text("ISSUER"),
    authorizationUrl: url("AUTHORIZATION_URL", "/authorize"),
    tokenUrl: url("TOKEN_URL", "/token"),
    revocationUrl: url("REVOCATION_URL", "/revoke"),
    deviceUrl: url("DEVICE_URL", "/device"),
  };
}

/** The variables of one provider. */
export function readProvider(
  reader: EnvironmentReader,
  provider: ConfigurableProvider,
  production: boolean,
): ProviderSettings {
  const variables = [settingName(provider.name, "API_KEY"), ...(provider.apiKeyVariables ?? [])];
  const variable = variables.find((name) => reader.text(name) !== null);
  const apiKey = variable === undefined ? null : reader.text(variable);
  // Any other character comes from pasting, and would break the header that the key travels in.
  if (variable !== undefined && !/^[\x21-\x7e]+$/.test(apiKey!)) {
    reader.fault(variable, "must consist of visible ASCII characters only.", "the-key-from-the-provider");
  }
  return {
    apiKey: apiKey === null ? null : new Secret(apiKey),
    apiBaseUrl: readApiBaseUrl(reader, provider, production),
    oauth: readOAuth(reader, provider.name),
  };
}

/** By default every provider's callback here, and on users' own machines the path that loopback flows end at. */
export function readRedirectUris(
  reader: EnvironmentReader,
  publicUrl: URL,
  catalog: Iterable<ConfigurableProvider>,
): string[] {
  const name = "OAUTH_REDIRECT_URIS";
  const base = publicUrl.href.replace(/\/+$/, "");
  const value = reader.text(name);
  if (value === null) {
    const callbacks = Array.from(catalog, (provider) => `${base}/auth/${provider.name}/callback`);
    return [...callbacks, "http://127.0.0.1/auth/callback"];
  }
  const uris = value.split(",").map((text) => text.trim());
  for (const [index, uri] of uris.entries()) {
    const url = URL.parse(uri);
    if (url === null || url.hash !== "" || url.username !== "" || url.password !== "" || uri.includes("*")) {
      reader.fault(name, `entry ${index + 1} is not a whole URI without fragment.`, `${base}/auth/acme/callback`);
    } else if (!isConfidential(url)) {
      reader.fault(
        name,
        `entry ${index + 1} needs https unless it is on this machine.`,
        "https://auth.example.com/done",
      );
    }
  }
  return uris;
}
