import type { Config } from "../config/config.ts";
import type { Services } from "../graphql/context.ts";
import { createLogger } from "../observability/logger.ts";
import { Metrics } from "../observability/metrics.ts";
import type { ProviderDefinition } from "../providers/provider-definition.ts";
import { rateLimitNames, type RateLimitSettings } from "../rate-limits/limits.ts";
import { createDomain } from "./domain.ts";
import type { AppBase } from "./overrides.ts";
import { createProviders } from "./provider-parts.ts";
import { openStorage, type Storage } from "./storage.ts";

/** What a command acts with: a server's parts over its database, of which none works by itself. */
export interface CommandParts extends AsyncDisposable {
  readonly storage: Storage;
  readonly services: Services;
}

/** The operator guesses no keys, and an import must not use up what the server's users share. */
const noRateLimits = Object.fromEntries(rateLimitNames.map((name) => [name, null])) as RateLimitSettings;

/** @throws OperatorError also where the database has not this version's schema: a command migrates nothing. */
export async function openCommandParts(config: Config, catalog: readonly ProviderDefinition[]): Promise<CommandParts> {
  await using stack = new AsyncDisposableStack();
  const log = createLogger(config.logLevel);
  const base: AppBase = {
    stack,
    overrides: { catalog, rateLimits: noRateLimits },
    log,
    onStep: () => {},
    onWait: () => {},
    metrics: new Metrics(),
    background: false,
  };
  const storage = await openStorage(config, base);
  const providers = await createProviders(config, storage.clock, base);
  const services = await createDomain(config, storage, providers, base);
  const owned = stack.move();
  return { storage, services, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
