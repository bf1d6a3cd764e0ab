import { readdir } from "node:fs/promises";
import { ProviderNotFoundError } from "../errors/auth-error.ts";
import { observedProvider, type ProviderCall } from "./observed-provider.ts";
import type { ProviderAuth } from "./provider-auth.ts";
import type { ProviderDefinition, ProviderDependencies } from "./provider-definition.ts";
import { ProviderHealth } from "./provider-health.ts";
import { noProviderSettings, type ProviderSettings } from "./provider-settings.ts";
import { retiredProvider } from "./provider.ts";

const catalogFolder = new URL("catalog/", import.meta.url);

/** The definitions of all files in `catalog/`, by name. A new provider needs nothing but its file. */
export async function loadCatalog(): Promise<ProviderDefinition[]> {
  const files = (await readdir(catalogFolder)).filter((file) => /^[\w-]+\.(ts|js)$/.test(file)).toSorted();
  const modules = await Promise.all(
    files.map(async (file) => (await import(new URL(file, catalogFolder).href)) as { provider?: ProviderDefinition }),
  );
  return modules.map(({ provider }, index) => {
    if (provider === undefined) throw new Error(`providers/catalog/${files[index]} does not export \`provider\`.`);
    return provider;
  });
}

/** The providers of this server. */
export class ProviderRegistry {
  readonly #providers: ReadonlyMap<string, ProviderAuth>;
  readonly #retire: (name: string) => ProviderAuth;

  /**
   * @param retire makes a provider that can do nothing, for what is stored of one that is no longer in the catalogue.
   */
  constructor(providers: Iterable<ProviderAuth>, retire: (name: string) => ProviderAuth) {
    this.#providers = new Map(Array.from(providers, (provider) => [provider.name, provider]));
    this.#retire = retire;
  }

  list(): ProviderAuth[] {
    return [...this.#providers.values()];
  }

  /** The names of those that take a refresh token any number of times. */
  listReusing(): string[] {
    return this.list().flatMap(({ name, replayWindow }) => (Number.isFinite(replayWindow) ? [] : [name]));
  }

  find(name: string): ProviderAuth | null {
    return this.#providers.get(name) ?? null;
  }

  /** The provider of something that is stored: it can be shown and removed even when its provider has gone. */
  ofStored(name: string): ProviderAuth {
    return this.find(name) ?? this.#retire(name);
  }

  /** @throws ProviderNotFoundError naming the providers that exist. */
  get(name: string): ProviderAuth {
    const provider = this.find(name);
    if (provider === null) throw new ProviderNotFoundError([...this.#providers.keys()]);
    return provider;
  }
}

/** Makes a registry of a catalogue, each provider with its settings. `onCall` is told of every call to a provider. */
export function createRegistry(
  catalog: readonly ProviderDefinition[],
  settingsOf: ReadonlyMap<string, ProviderSettings>,
  {
    http,
    clock,
    log,
    onCall = () => {},
  }: Pick<ProviderDependencies, "http" | "clock" | "log"> & { readonly onCall?: (call: ProviderCall) => void },
): ProviderRegistry {
  const create = (definition: ProviderDefinition) => {
    const settings = settingsOf.get(definition.name) ?? noProviderSettings;
    const parts = { http, health: new ProviderHealth(clock), settings, clock };
    return observedProvider(definition.create(log === undefined ? parts : { ...parts, log }), onCall);
  };
  return new ProviderRegistry(catalog.map(create), (name) => create(retiredProvider(name)));
}
