import { Quotas, type QuotaSettings } from "../callers/quota.ts";
import type { Database } from "../db/database.ts";
import type { Clock } from "../lib/clock.ts";
import { CredentialSealer } from "./credential-sealer.ts";
import { StatusRule } from "./credential-status.ts";
import { CredentialStore } from "./credential-store.ts";
import { RefreshScheduler } from "./refresh-schedule.ts";
import { environmentKeyWrapper, type KeyEncryptionKey, type KeyWrapper } from "./sealing/key-wrapper.ts";
import { type Keyring, loadKeyring } from "./sealing/keyring.ts";

/** The credentials of a database, with the keys that open them. */
export interface Vault {
  readonly wrapper: KeyWrapper;
  readonly keyring: Keyring;
  readonly sealer: CredentialSealer;
  readonly statusRule: StatusRule;
  readonly scheduler: RefreshScheduler;
  readonly quotas: Quotas;
  readonly store: CredentialStore;
}

/** Opens the keys of a migrated database, and makes the first ones of an empty one. @throws KeyringError */
export async function openVault(
  database: Database,
  config: {
    readonly encryptionKeys: readonly KeyEncryptionKey[];
    readonly refreshThreshold: number;
    readonly quotas?: QuotaSettings;
  },
  clock: Clock,
): Promise<Vault> {
  const { encryptionKeys, refreshThreshold } = config;
  const wrapper = environmentKeyWrapper(encryptionKeys);
  const keyring = await loadKeyring(database, wrapper, clock);
  const sealer = new CredentialSealer(keyring);
  const statusRule = new StatusRule(refreshThreshold);
  const scheduler = new RefreshScheduler(refreshThreshold);
  const quotas = new Quotas(config.quotas);
  const store = new CredentialStore({ sealer, statusRule, scheduler, quotas, clock });
  return { wrapper, keyring, sealer, statusRule, scheduler, quotas, store };
}
