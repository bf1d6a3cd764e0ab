import type { Config } from "../../../config/config.ts";
import { AuthError, InvalidCredentialError, ProviderUnavailableError } from "../../../errors/auth-error.ts";
import { Secret } from "../../../lib/secret.ts";
import { ProbeAnswerError } from "../../../providers/credential-probe.ts";
import { NoAnswerError } from "../../../providers/http-client.ts";
import type { ProviderAuth } from "../../../providers/provider-auth.ts";
import { settingName } from "../../../providers/provider-settings.ts";
import { codeOf, fail, type Finding, ok, skip, warn } from "./check.ts";

const dnsCodes = new Set(["ENOTFOUND", "EAI_AGAIN"]);

/** A key that nobody has. Its words are none of those that vendors use as codes. */
const inventedKey = new Secret("maestro-doctor-asks-with-this");

/** Milliseconds that the doctor waits for a provider. */
const patienceMs = 5_000;

type Problem = readonly [cause: string, cure: string];

/** In words, what kept an answer from coming. */
function describeSilence(error: NoAnswerError, { host, hostname }: URL): Problem {
  const code = codeOf(error.cause);
  if (dnsCodes.has(code)) return [`The name ${hostname} cannot be looked up (${code}).`, "Check the name server."];
  if (/CERT|TLS|SSL|SIGNATURE/.test(code)) {
    return [
      `The TLS certificate of ${host} is not trusted (${code}).`,
      "A proxy may stand between: give Node its certificate with NODE_EXTRA_CA_CERTS.",
    ];
  }
  if (error.reason === "too_large")
    return [`${host} gives an answer that is too large for an API.`, "Check the address."];
  if (error.reason === "timeout" || code === "UND_ERR_CONNECT_TIMEOUT") {
    return [`${host} does not answer within ${patienceMs / 1000} s.`, "Let the firewall pass connections to it."];
  }
  return [`${host} cannot be reached (${code}).`, "Start it, or let the firewall pass connections to it."];
}

/** What an answer to the invented key tells that is not the refusal which the vendor documents. */
function describeAnswer({ status, message, verdict }: ProbeAnswerError, { host }: URL): Problem {
  const seen = `${host} answers an invented key with ${message}`;
  if (verdict === "blocked") {
    return [
      `${seen}: calls from this machine or network are refused.`,
      "Run the server in a region that the vendor supports, or have its address added to the allowlist.",
    ];
  }
  if (status === 404 || status === 405) {
    return [`${seen}: there is no such path.`, "The address has to end before the path that the server adds."];
  }
  if (status >= 300 && status < 400) return [`${seen}: it redirects.`, "Set the address that it redirects to."];
  if (status >= 500) return [`${seen}: it is out of order.`, "Look at the status page of the vendor or the gateway."];
  if (status < 300) {
    return [`${seen}, and not as the vendor would.`, "Something else answers there, a login page for instance."];
  }
  return [
    `${seen}, which is not the refusal that the vendor documents.`,
    "A gateway may have an answer of its own: keys that it refuses can then not be told from those that it lets pass.",
  ];
}

/** What the check of the invented key has brought. */
function describe(error: unknown, url: URL): Problem {
  if (error instanceof AuthError && error.cause instanceof ProbeAnswerError) return describeAnswer(error.cause, url);
  if (error instanceof ProviderUnavailableError && error.cause instanceof NoAnswerError) {
    return describeSilence(error.cause, url);
  }
  throw error;
}

/** Where calls with a key would go; null for a provider without keys. */
function baseUrlOf(provider: ProviderAuth): URL | null {
  if (!provider.getAvailableMethods().some(({ method }) => method === "api_key")) return null;
  return new URL(provider.describeAccess({ method: "api_key", apiKey: inventedKey }).baseUrl);
}

function isConfigured(config: Config, { name }: ProviderAuth): boolean {
  const settings = config.providers.get(name);
  return settings !== undefined && (settings.apiKey ?? settings.apiBaseUrl ?? settings.oauth.clientId) !== null;
}

/**
 * Whether a provider's API is where the server looks for it: a key that nobody has must be refused as the vendor
 * documents. One that the operator has set nothing for may be none that anybody uses: there every find is a warning.
 */
export async function checkProvider(provider: ProviderAuth, config: Config): Promise<Finding> {
  const url = baseUrlOf(provider);
  if (url === null) return skip("it has no address of its own");
  const tell = ([cause, cure]: Problem): Finding => {
    const advice = `${cure} The address is ${settingName(provider.name, "API_BASE_URL")}.`;
    return isConfigured(config, provider) ? fail(cause, advice) : warn(cause, advice);
  };
  try {
    const request = { method: "api_key", apiKey: inventedKey } as const;
    await provider.authenticate(request, { signal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return tell([
        `${url.host} does not answer within ${patienceMs / 1000} s.`,
        "Let the firewall pass connections to it.",
      ]);
    }
    if (!(error instanceof InvalidCredentialError && error.because === "refused")) return tell(describe(error, url));
    const seen = error.cause as ProbeAnswerError;
    return ok(
      `an invented key is refused as documented (${seen.vendorCodes.join(", ")}); ${url.host} answers (HTTP ${seen.status})`,
    );
  }
  return tell([
    `${url.host} accepts a key that was invented.`,
    "Something between answers for the vendor, so that the server would take any key: check the address.",
  ]);
}
