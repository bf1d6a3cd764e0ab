import type { Coordinator } from "../../auth/coordinator.ts";
import { assertMethod } from "../../auth/flow-kind.ts";
import { defaultLabel } from "../../credentials/credential-store.ts";
import { AuthError } from "../../errors.ts";
import { labelKey } from "../../label.ts";
import type { ProviderRegistry } from "../../providers/registry.ts";
import { operator } from "../operator.ts";
import { type ImportItem, ImportLineError } from "./import-line.ts";

/** How an import deals with what it finds. */
export interface ImportMode {
  /** Store nothing. */
  readonly dryRun: boolean;
  /** Ask the provider before a credential is stored. */
  readonly check: boolean;
  /** Replace what is stored under the same user, provider, method and label, if it is another secret. */
  readonly replace: boolean;
}

/**
 * What became of one credential. `unchanged`: this very secret was stored before; `kept`: another one is stored in its
 * place, and stays.
 */
export type ImportOutcome =
  | { readonly result: "imported" | "unchanged" }
  | { readonly result: "kept" | "failed"; readonly code: string; readonly reason: string };

const kept: ImportOutcome = {
  result: "kept",
  code: "ALREADY_STORED",
  reason: "Another secret is stored here, perhaps a renewed one; --replace would replace it.",
};

/** Brings credentials in, each for itself: what fails keeps nothing else back, and a second run finds what the first did. */
export class Importer {
  readonly #coordinator: Coordinator;
  readonly #registry: ProviderRegistry;
  readonly #mode: ImportMode;
  /** What has been brought in by this run, so that of two lines for one place the second is told. */
  readonly #places = new Set<string>();

  constructor(
    { coordinator, registry }: { readonly coordinator: Coordinator; readonly registry: ProviderRegistry },
    mode: ImportMode,
  ) {
    this.#coordinator = coordinator;
    this.#registry = registry;
    this.#mode = mode;
  }

  /** @param read gives the credential, or throws ImportLineError or AuthError. */
  async bring(read: () => ImportItem): Promise<ImportOutcome> {
    try {
      return await this.#bring(read());
    } catch (error) {
      if (error instanceof ImportLineError) return { result: "failed", code: "NOT_READABLE", reason: error.message };
      if (error instanceof AuthError) return { result: "failed", code: error.code, reason: error.message };
      throw error;
    }
  }

  async #bring(item: ImportItem): Promise<ImportOutcome> {
    this.#takePlace(item);
    const stored = await this.#coordinator.compareStored(item.userId, item);
    if (stored === "same") return { result: "unchanged" };
    if (stored === "different" && !this.#mode.replace) return kept;
    if (this.#mode.dryRun) await this.#try(item);
    else await this.#store(item);
    return { result: "imported" };
  }

  #takePlace({ userId, provider, label, credentials }: ImportItem): void {
    const place = JSON.stringify([userId, provider, labelKey(label ?? defaultLabel), credentials.method]);
    if (this.#places.has(place)) {
      throw new ImportLineError("has the same user, provider, method and label as an earlier one");
    }
    this.#places.add(place);
  }

  async #try({ provider, credentials }: ImportItem): Promise<void> {
    const auth = this.#registry.get(provider);
    assertMethod(auth, credentials.method);
    if (this.#mode.check) await auth.validateCredentials(credentials);
  }

  async #store(item: ImportItem): Promise<void> {
    const { provider, label, credentials } = item;
    const caller = operator(item.userId);
    if (!this.#mode.check) await this.#coordinator.adoptCredential(caller, item);
    else if (credentials.method === "oauth") {
      await this.#coordinator.importCredential(caller, { provider, label, credentials });
    } else {
      await this.#coordinator.connectKey(caller, { provider, label, apiKey: credentials.apiKey, sessionId: null });
    }
  }
}
