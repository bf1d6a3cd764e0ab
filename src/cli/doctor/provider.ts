import type { Config } from "../../config.ts";
import { Secret } from "../../credentials/secret.ts";
import { HttpClient, NoAnswerError } from "../../providers/http-client.ts";
import type { ProviderAuth } from "../../providers/provider-auth.ts";
import { settingName } from "../../providers/provider-settings.ts";
import { codeOf, fail, type Finding, ok, skip, warn } from "./check.ts";

/** Milliseconds. */
const deadlineMs = 5_000;

const dnsCodes = new Set(["ENOTFOUND", "EAI_AGAIN"]);

/** In words, what kept an answer from coming. */
function describe(error: NoAnswerError, { host, hostname }: URL): readonly [cause: string, cure: string] {
  const code = codeOf(error.cause);
  if (dnsCodes.has(code)) return [`The name ${hostname} cannot be looked up (${code}).`, "Check the name server."];
  if (/CERT|TLS|SSL|SIGNATURE/.test(code)) {
    return [
      `The TLS certificate of ${host} is not trusted (${code}).`,
      "A proxy may stand between: give Node its certificate with NODE_EXTRA_CA_CERTS.",
    ];
  }
  if (error.reason === "timeout" || code === "UND_ERR_CONNECT_TIMEOUT") {
    return [`${host} does not answer within ${deadlineMs / 1000} s.`, "Let the firewall pass connections to it."];
  }
  return [`${host} cannot be reached (${code}).`, "Start it, or let the firewall pass connections to it."];
}

/** Where calls with a key would go; null for a provider without keys. */
function baseUrlOf(provider: ProviderAuth): URL | null {
  if (!provider.getAvailableMethods().some(({ method }) => method === "api_key")) return null;
  return new URL(provider.describeAccess({ method: "api_key", apiKey: new Secret("doctor") }).baseUrl);
}

function isConfigured(config: Config, { name }: ProviderAuth): boolean {
  const settings = config.providers.get(name);
  return settings !== undefined && (settings.apiKey ?? settings.apiBaseUrl ?? settings.oauth.clientId) !== null;
}

/**
 * Whether a provider's address answers at all; whatever it says to a request without credentials, it was reached. One
 * that the operator has set nothing for may be none that anybody uses: not reaching it is a warning.
 */
export async function checkProvider(provider: ProviderAuth, config: Config): Promise<Finding> {
  const url = baseUrlOf(provider);
  if (url === null) return skip("it has no address of its own");
  await using http = new HttpClient({ deadlineMs });
  try {
    const { status } = await http.send({ method: "GET", url: url.href, headers: {} });
    return ok(`${url.host} answers (HTTP ${status})`);
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    if (error.reason === "too_large") return ok(`${url.host} answers`);
    const [cause, cure] = describe(error, url);
    const advice = `${cure} The address is ${settingName(provider.name, "API_BASE_URL")}.`;
    return isConfigured(config, provider) ? fail(cause, advice) : warn(cause, advice);
  }
}
