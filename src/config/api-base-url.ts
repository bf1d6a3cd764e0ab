import { isConfidential } from "../lib/loopback.ts";
import type { ProviderApi } from "../providers/provider-definition.ts";
import { settingName } from "../providers/provider-settings.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

const example = "https://gateway.example.com";

/** Paths of calls to models, with which a copied URL may end. */
const operation = /\/(models|messages|responses|completions|embeddings)$|:\w+$/i;

function withoutSlashes(path: string): string {
  return path.replace(/\/+$/, "");
}

/** The path without the beginning of the probe's, which SDKs want in their base URLs and this server adds itself. */
function withoutProbePath(path: string, probePath: string): string {
  const segments = probePath.split("/").filter((segment) => segment !== "");
  for (let length = segments.length; length > 0; length--) {
    const doubled = `/${segments.slice(0, length).join("/")}`;
    if (path.toLowerCase().endsWith(doubled.toLowerCase())) return withoutSlashes(path.slice(0, -doubled.length));
  }
  return path;
}

/** What is wrong with a path; null: nothing that can be seen. */
function faultOf(url: URL, path: string, { baseUrl, probePath }: ProviderApi): string | null {
  const own = new URL(baseUrl);
  if (operation.test(path)) {
    return `must end before the path of a call; this server adds ${probePath} and the like itself.`;
  }
  if (url.host === own.host && path !== withoutSlashes(own.pathname)) {
    return `has a path that ${own.host} does not have before ${probePath}, which this server adds itself.`;
  }
  return null;
}

/**
 * `<P>_API_BASE_URL`, without a trailing slash. A segment that the server adds itself, as `/v1` of the base URLs that
 * SDKs want, is taken off; what can only be a mistake is a fault.
 */
export function readApiBaseUrl(
  reader: EnvironmentReader,
  provider: { readonly name: string; readonly api?: ProviderApi },
  production: boolean,
): string | null {
  const name = settingName(provider.name, "API_BASE_URL");
  const url = reader.baseUrl(name, example);
  if (url === null) return null;
  if (production && !isConfidential(url)) {
    reader.fault(name, "needs https in production: keys travel to it.", example);
  }
  let path = withoutSlashes(url.pathname);
  if (provider.api !== undefined) {
    path = withoutProbePath(path, provider.api.probePath);
    const problem = faultOf(url, path, provider.api);
    if (problem !== null)
      reader.fault(name, problem, url.host === new URL(provider.api.baseUrl).host ? provider.api.baseUrl : example);
  }
  url.pathname = path;
  return withoutSlashes(url.href);
}
