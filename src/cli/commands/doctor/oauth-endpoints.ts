import { boundedFetch } from "../../../callers/bounded-fetch.ts";
import type { Config } from "../../../config/config.ts";
import { settingName } from "../../../providers/provider-settings.ts";
import { codeOf, fail, type Finding, ok } from "./check.ts";

/** Milliseconds. */
const deadlineMs = 5_000;

interface Endpoint {
  readonly variable: string;
  readonly url: URL;
  /** How it is asked: an endpoint that takes forms gets an empty one, which it must refuse. */
  readonly method: "GET" | "POST";
}

/** The addresses that the operator has set for a provider's OAuth. */
function endpointsOf({ providers }: Pick<Config, "providers">, provider: string): Endpoint[] {
  const settings = providers.get(provider)?.oauth;
  if (settings === undefined) return [];
  const { issuer, authorizationUrl, tokenUrl, revocationUrl, deviceUrl } = settings;
  const discovery = issuer === null ? null : `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const set = [
    ["OAUTH_ISSUER", discovery, "GET"],
    ["OAUTH_AUTHORIZATION_URL", authorizationUrl, "GET"],
    ["OAUTH_TOKEN_URL", tokenUrl, "POST"],
    ["OAUTH_REVOCATION_URL", revocationUrl, "POST"],
    ["OAUTH_DEVICE_URL", deviceUrl, "POST"],
  ] as const;
  return set.flatMap(([name, text, method]) =>
    text === null ? [] : [{ variable: settingName(provider, name), url: new URL(text), method }],
  );
}

/** What is wrong with an endpoint; null where it answers. */
async function problemOf({ variable, url, method }: Endpoint): Promise<string | null> {
  const place = `${url.origin}${url.pathname} (${variable})`;
  const form = { "content-type": "application/x-www-form-urlencoded" };
  try {
    const { status } = await boundedFetch(url.href, {
      method,
      headers: { accept: "application/json", ...(method === "POST" ? form : {}) },
      ...(method === "POST" ? { body: "" } : {}),
      redirect: "manual",
      signal: AbortSignal.timeout(deadlineMs),
    });
    if (status >= 500) return `${place} is out of order (HTTP ${status}).`;
    return status === 404 || status === 410 ? `${place} has no such path (HTTP ${status}).` : null;
  } catch (error) {
    return `${place} does not answer (${codeOf(error)}).`;
  }
}

/** Whether what the operator has set for a provider's OAuth answers; null where nothing is set. */
export function checkOAuthEndpoints(
  config: Pick<Config, "providers">,
  provider: string,
): (() => Promise<Finding>) | null {
  const endpoints = endpointsOf(config, provider);
  if (endpoints.length === 0) return null;
  return async () => {
    const found = await Promise.all(endpoints.map(problemOf));
    const problems = found.filter((problem) => problem !== null);
    if (problems.length === 0) return ok(`${endpoints.map(({ variable }) => variable).join(", ")}: answering`);
    return fail(problems.join(" "), "Correct the address, or let this machine reach it.");
  };
}
