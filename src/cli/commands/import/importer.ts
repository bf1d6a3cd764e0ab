import { assertMethod } from "../../../connect/oauth/flow-kind.ts";
import type { Coordinator } from "../../../coordinator.ts";
import { defaultLabel } from "../../../credentials/credential-store.ts";
import { labelKey } from "../../../credentials/label.ts";
import { AuthError } from "../../../errors/auth-error.ts";
import type { ProviderRegistry } from "../../../providers/registry.ts";
import { operator } from "../../operator.ts";
import { type ImportItem, ImportLineError } from "./import-line.ts";

/** One credential could not be brought in for a reason that is not its own, or that nobody foresaw: the cause. */
export class ImportFailure extends Error {
  constructor(cause: unknown) {
    super("a credential could not be brought in", { cause });
    this.name = "ImportFailure";
  }
}

/** What is told of a failure that nobody foresaw. Its words may repeat the credential; its kind does not. */
export function unforeseenOutcome(error: unknown): ImportOutcome {
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  const kind = [name, code].filter((part) => typeof part === "string").join(" ");
  return { result: "failed", code: "UNEXPECTED", reason: `could not be stored (${kind || "unknown"})` };
}

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
  | { readonly result: "imported"; readonly warning: string | null }
  | { readonly result: "unchanged" }
  | { readonly result: "kept" | "failed"; readonly code: string; readonly reason: string };

const kept: ImportOutcome = {
  result: "kept",
  code: "ALREADY_STORED",
  reason: "Another secret is stored here, perhaps a renewed one; --replace would replace it.",
};

/**
 * Brings credentials in, each for itself: what fails keeps nothing else back, and a second run finds what the first
 * did.
 */
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

  /** @param read gives the credential, or throws ImportLineError or AuthError. @throws ImportFailure */
  async bring(read: () => ImportItem): Promise<ImportOutcome> {
    try {
      return await this.#bring(read());
    } catch (error) {
      if (error instanceof ImportLineError) return { result: "failed", code: "NOT_READABLE", reason: error.message };
      if (error instanceof AuthError) return { result: "failed", code: error.code, reason: error.message };
      throw new ImportFailure(error);
    }
  }

  async #bring(item: ImportItem): Promise<ImportOutcome> {
    this.#takePlace(item);
    const stored = await this.#coordinator.compareStored(item.userId, item);
    if (stored === "same") return { result: "unchanged" };
    if (stored === "different" && !this.#mode.replace) return kept;
    const warning = this.#mode.dryRun ? await this.#try(item) : await this.#store(item);
    return { result: "imported", warning };
  }

  #takePlace({ userId, provider, label, credentials }: ImportItem): void {
    const place = JSON.stringify([userId, provider, labelKey(label ?? defaultLabel), credentials.method]);
    if (this.#places.has(place)) {
      throw new ImportLineError("has the same user, provider, method and label as an earlier one");
    }
    this.#places.add(place);
  }

  /** @returns what the check found though the provider accepts the credential */
  async #try({ provider, credentials }: ImportItem): Promise<string | null> {
    const auth = this.#registry.get(provider);
    assertMethod(auth, credentials.method);
    if (!this.#mode.check) return null;
    return (await auth.validateCredentials(credentials)).warning ?? null;
  }

  async #store(item: ImportItem): Promise<string | null> {
    const { provider, label, credentials } = item;
    const caller = operator(item.userId);
    const store = () => {
      if (!this.#mode.check) return this.#coordinator.adoptCredential(caller, item);
      return credentials.method === "oauth"
        ? this.#coordinator.importCredential(caller, { provider, label, credentials })
        : this.#coordinator.connectKey(caller, { provider, label, apiKey: credentials.apiKey, sessionId: null });
    };
    const { credential } = await store();
    return credential.warning ?? null;
  }
}
