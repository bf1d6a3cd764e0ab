import type { Config } from "../config/config.ts";
import { RedirectUris } from "../connect/oauth/redirect-uris.ts";
import { InvalidCredentialError, ProviderUnavailableError } from "../errors/auth-error.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../observability/logger.ts";
import { ProbeAnswerError } from "../providers/credential-probe.ts";
import { HttpClient } from "../providers/http-client.ts";
import type { ProviderCall } from "../providers/observed-provider.ts";
import { createRegistry, loadCatalog, type ProviderRegistry } from "../providers/registry.ts";
import { Sandbox } from "../sandbox/sandbox.ts";
import type { AppBase } from "./overrides.ts";

/** The providers that users can connect, and where they may send browsers back to. */
export interface ProviderParts {
  readonly registry: ProviderRegistry;
  readonly redirectUris: RedirectUris;
  /** Null where the configuration wants none. */
  readonly sandbox: Sandbox | null;
}

async function startSandbox(config: Config, redirectUris: RedirectUris, log: Logger): Promise<Sandbox | null> {
  if (!config.sandbox) return null;
  return Sandbox.start({
    isRedirectUriAllowed: (uri) => redirectUris.allows(uri),
    onError: (err) => log.tell("sandbox.failed", { err }),
  });
}

/**
 * Tells the log of a call that failed, where nothing else does: refreshes have lines of their own, as have answers that
 * leave a check open and sign-ins that were refused with the vendor's code.
 */
function tellOfFailure({ provider, operation, error }: ProviderCall, log: Logger): void {
  if (operation === "refresh") return;
  if (error instanceof InvalidCredentialError) {
    const vendorCodes = error.cause instanceof ProbeAnswerError ? error.cause.vendorCodes : [];
    log.tell("provider.refused", { provider, operation, vendorCodes });
  } else if (error instanceof ProviderUnavailableError) {
    const { failure, vendorCode, detail: reason } = error;
    const isTold = error.cause instanceof ProbeAnswerError || (vendorCode !== null && operation !== "revoke");
    if (!isTold) log.tell("provider.failed", { provider, operation, failure, vendorCode, reason });
  }
}

export async function createProviders(
  config: Config,
  clock: Clock,
  { stack, overrides, log, metrics, onStep, background }: AppBase,
): Promise<ProviderParts> {
  const http = stack.use(new HttpClient(overrides.http));
  const redirectUris = new RedirectUris(config.redirectUris);
  const sandbox = background ? stack.use(await startSandbox(config, redirectUris, log)) : null;
  const catalog = [...(overrides.catalog ?? (await loadCatalog()))];
  const settings = new Map(config.providers);
  if (sandbox !== null) {
    catalog.push(sandbox.definition);
    settings.set(sandbox.definition.name, sandbox.settings);
    onStep("sandbox provider started");
  }
  const onCall = (call: ProviderCall) => {
    metrics.providerAnswered(call);
    tellOfFailure(call, log);
  };
  return { registry: createRegistry(catalog, settings, { http, clock, log, onCall }), redirectUris, sandbox };
}
