import { randomUUID } from "node:crypto";
import { type FilterQuery, LockMode, type QueryOrderMap, raw } from "@mikro-orm/core";
import type { Quotas } from "../callers/quota.ts";
import type { EntityManager } from "../db/database.ts";
import { CredentialNotFoundError, QuotaExceededError } from "../errors/auth-error.ts";
import type { Clock } from "../lib/clock.ts";
import { type Page, type PageOfAll, pageOf, pageOfAll } from "../lib/pagination.ts";
import type { AuthMethod, ProviderAccount, ProviderCredentials } from "../providers/provider-auth.ts";
import type { CredentialSealer } from "./credential-sealer.ts";
import type { CredentialStatus, StatusRule } from "./credential-status.ts";
import { labelKeyOf } from "./label.ts";
import {
  forgottenKeyId,
  type ProviderCredential,
  ProviderCredentialEntity,
  type StoredStatus,
} from "./provider-credential.ts";
import type { RefreshScheduler } from "./refresh-schedule.ts";

/** What makes a credential unique. */
export interface CredentialKey {
  readonly userId: string;
  readonly provider: string;
  readonly authMethod: AuthMethod;
  readonly label: string;
}

export interface CredentialFilter {
  readonly provider?: string | null | undefined;
  readonly method?: AuthMethod | null | undefined;
  readonly status?: CredentialStatus | null | undefined;
}

/** Seconds; what the column can hold. */
const maxLifetime = 2 ** 31 - 1;

/** The key of a label, however the label is written. */
function sameKeyAs(label: string) {
  return raw<string>(labelKeyOf("?"), [label]);
}

function under({ label, ...key }: CredentialKey): FilterQuery<ProviderCredential> {
  return { ...key, labelKey: sameKeyAs(label) };
}

interface PutOptions {
  readonly validated?: boolean;
  /** Called before a credential is overwritten; what it throws keeps that from happening. */
  readonly onReplace?: (account: ProviderAccount | null) => void;
}

/** No refresh is under way, and none has failed. */
const noRefresh = {
  failCount: 0,
  refusals: 0,
  refusedSince: null,
  refusalCode: null,
  leaseOwner: null,
  leaseUntil: null,
  sentAt: null,
  replayAfter: null,
} as const;

/** Nothing is done for a credential by itself. */
const noSchedule = { refreshAfter: null, earliestRefreshAt: null, nextTryAt: null, expiryNoticeAt: null } as const;

/** Seconds. An import does not tell how long its token has lived: what is left is the least that another will live. */
function timeLeft(expiresAt: Date | null, now: Date): number | null {
  const seconds = expiresAt === null ? 0 : Math.floor((expiresAt.getTime() - now.getTime()) / 1000);
  return seconds > 0 ? Math.min(seconds, maxLifetime) : null;
}

/**
 * The table `provider_credentials`, encrypted. Every query names the user, except the operator's and the housekeeper's.
 */
export class CredentialStore {
  readonly #sealer: CredentialSealer;
  readonly #statusRule: StatusRule;
  readonly #scheduler: RefreshScheduler;
  readonly #quotas: Quotas;
  readonly #clock: Clock;

  constructor(parts: {
    readonly sealer: CredentialSealer;
    readonly statusRule: StatusRule;
    readonly scheduler: RefreshScheduler;
    readonly quotas: Quotas;
    readonly clock: Clock;
  }) {
    this.#sealer = parts.sealer;
    this.#statusRule = parts.statusRule;
    this.#scheduler = parts.scheduler;
    this.#quotas = parts.quotas;
    this.#clock = parts.clock;
  }

  /**
   * Stores credentials, by default such as the provider has just accepted; one with the same key is replaced and keeps
   * its id.
   * @param options `onReplace` is told of the account that the replaced one was of, before it is overwritten.
   */
  async put(
    em: EntityManager,
    key: CredentialKey,
    credentials: ProviderCredentials,
    { validated = true, onReplace = () => {} }: PutOptions = {},
  ): Promise<ProviderCredential> {
    const now = this.#clock.now();
    const existing = (await this.#lock(em, key)) ?? (await this.#makeRoom(em, key));
    if (existing !== null) onReplace(existing.account ?? null);
    const place = { ...key, id: existing?.id ?? randomUUID(), tokenVersion: (existing?.tokenVersion ?? 0) + 1 };
    const isOAuth = credentials.method === "oauth";
    const lifetime = {
      method: credentials.method,
      refreshable: isOAuth && credentials.refreshToken !== null,
      expiresAt: isOAuth ? credentials.expiresAt : null,
      earliestRefreshAt: isOAuth ? (credentials.earliestRefreshAt ?? null) : null,
      isSpent: isOAuth && credentials.lifetime === 0,
    };
    const { refreshAfter, expiryNoticeAt } = this.#scheduler.plan(lifetime, now);
    const columns = {
      ...noRefresh,
      // What an earlier secret's refresh still brings is fenced off.
      leaseEpoch: (existing?.leaseEpoch ?? 0) + 1,
      refreshAfter,
      nextTryAt: refreshAfter,
      earliestRefreshAt: lifetime.earliestRefreshAt,
      expiryNoticeAt,
      ...(await this.#sealer.sealIn(em, credentials, place)),
      tokenVersion: place.tokenVersion,
      status: "active" as const,
      statusReason: null,
      statusSince: now,
      warning: credentials.warning ?? null,
      last4: this.#sealer.last4(credentials),
      fingerprint: this.#sealer.fingerprint(key.userId, credentials),
      account: isOAuth ? credentials.account : null,
      scopes: isOAuth ? [...credentials.scopes] : [],
      refreshable: lifetime.refreshable,
      provenClient: isOAuth ? (credentials.client ?? null) : null,
      expiresAt: lifetime.expiresAt,
      lifetime: isOAuth ? (credentials.lifetime ?? timeLeft(credentials.expiresAt, now)) : null,
      lastValidatedAt: validated ? now : null,
      updatedAt: now,
    };
    if (existing !== null) {
      em.assign(existing, columns);
      await em.flush();
      return existing;
    }
    const created = em.create(ProviderCredentialEntity, {
      ...place,
      ...columns,
      lastRefreshedAt: null,
      lastUsedAt: null,
      createdAt: now,
    });
    await em.persist(created).flush();
    return created;
  }

  async #lock(em: EntityManager, key: CredentialKey): Promise<ProviderCredential | null> {
    return em.findOne(ProviderCredentialEntity, under(key), { lockMode: LockMode.PESSIMISTIC_WRITE });
  }

  /** @returns what another transaction has stored under the key while this one waited: it is replaced. */
  async #makeRoom(em: EntityManager, key: CredentialKey): Promise<ProviderCredential | null> {
    await this.#quotas.lock(em, key.userId);
    const existing = await this.#lock(em, key);
    if (existing === null) await this.#assertRoom(em, key);
    return existing;
  }

  /**
   * Looks ahead, without a lock.
   * @returns whether the key is a new one, and there is room for it. @throws QuotaExceededError
   */
  async expectRoom(em: EntityManager, key: CredentialKey): Promise<boolean> {
    const isThere = async () => (await em.findOne(ProviderCredentialEntity, under(key), { fields: ["id"] })) !== null;
    if (await isThere()) return false;
    try {
      await this.#assertRoom(em, key);
      return true;
    } catch (error) {
      // It may have taken the last place itself in between.
      if (error instanceof QuotaExceededError && (await isThere())) return false;
      throw error;
    }
  }

  async #assertRoom(em: EntityManager, { userId, provider, authMethod }: CredentialKey): Promise<void> {
    const own = "select 1 from provider_credentials where user_id = ?";
    await this.#quotas.assertRoom(em, "credentials", [own, [userId]]);
    const alike = `${own} and provider = ? and auth_method = ?`;
    await this.#quotas.assertRoom(em, "labels", [alike, [userId, provider, authMethod]]);
  }

  async find(em: EntityManager, userId: string, id: string): Promise<ProviderCredential | null> {
    return em.findOne(ProviderCredentialEntity, { userId, id });
  }

  /** Those of these ids that are the user's, in no order. */
  async findAll(em: EntityManager, userId: string, ids: readonly string[]): Promise<ProviderCredential[]> {
    return em.find(ProviderCredentialEntity, { userId, id: { $in: [...ids] } });
  }

  /** @throws CredentialNotFoundError also for a credential of another user. */
  async get(em: EntityManager, userId: string, id: string): Promise<ProviderCredential> {
    const credential = await this.find(em, userId, id);
    if (credential === null) throw new CredentialNotFoundError();
    return credential;
  }

  /** So many of the user's credentials, the preferred first: OAuth, then API key; the default label, then by age. */
  async listPreferred(
    em: EntityManager,
    userId: string,
    filter: { readonly provider?: string; readonly method?: AuthMethod | null; readonly label?: string | null },
    limit = 100,
  ): Promise<ProviderCredential[]> {
    const where: FilterQuery<ProviderCredential> = { userId };
    if (filter.provider !== undefined) where.provider = filter.provider;
    if (filter.method != null) where.authMethod = filter.method;
    if (filter.label != null) where.labelKey = sameKeyAs(filter.label);
    const orderBy = [
      { [raw((alias) => `${alias}.auth_method = 'oauth'`)]: "desc" },
      { [raw((alias) => `${alias}.label = ?`, [defaultLabel])]: "desc" },
      { createdAt: "asc", id: "asc" },
    ] as QueryOrderMap<ProviderCredential>[];
    return em.find(ProviderCredentialEntity, where, { orderBy, limit });
  }

  /**
   * For each provider, the user's one credential that the chain would take: the first that can be used, else the first.
   */
  async listFirst(em: EntityManager, userId: string): Promise<ProviderCredential[]> {
    const rows = await em.execute<{ id: string }[]>(
      `select distinct on (provider) id from provider_credentials where user_id = ?
        order by provider, (status = 'active' and (refreshable or expires_at is null or expires_at > ?::timestamptz)) desc,
          (auth_method = 'oauth') desc, (label = ?) desc, created_at, id`,
      [userId, this.#clock.now().toISOString(), defaultLabel],
    );
    return this.findAll(
      em,
      userId,
      rows.map(({ id }) => id),
    );
  }

  /** Those of these keys under which something is stored, in no order. */
  async findByKeys(
    em: EntityManager,
    userId: string,
    keys: readonly Pick<CredentialKey, "provider" | "authMethod" | "label">[],
  ): Promise<ProviderCredential[]> {
    if (keys.length === 0) return [];
    const wanted = keys.map(({ provider, authMethod, label }) => ({ provider, authMethod, label }));
    return em.find(ProviderCredentialEntity, { userId, $or: wanted });
  }

  /** One page, in the order of creation; from the end backwards where the page is inverted. */
  async list(em: EntityManager, userId: string, filter: CredentialFilter, page: Page): Promise<ProviderCredential[]> {
    const { conditions: bounds, options } = pageOf(page);
    return em.find(ProviderCredentialEntity, { $and: [{ userId }, ...this.#conditions(filter), ...bounds] }, options);
  }

  /** One page of all users' credentials, for the operator: the one query that names no user. */
  async listOfAll(em: EntityManager, filter: CredentialFilter, page: PageOfAll): Promise<ProviderCredential[]> {
    const { conditions: bounds, options } = pageOfAll(page);
    return em.find(ProviderCredentialEntity, { $and: [...this.#conditions(filter), ...bounds] }, options);
  }

  /** So many of those that came with a refresh token; what was refreshed longest ago comes first. */
  async listRefreshable(em: EntityManager, userId: string, limit: number): Promise<ProviderCredential[]> {
    const orderBy: QueryOrderMap<ProviderCredential> = {
      lastRefreshedAt: "asc nulls first",
      createdAt: "asc",
      id: "asc",
    };
    return em.find(ProviderCredentialEntity, { userId, refreshable: true }, { orderBy, limit });
  }

  /** Deletes the row. `false`: it was gone already. */
  async remove(em: EntityManager, userId: string, id: string): Promise<boolean> {
    return (await em.nativeDelete(ProviderCredentialEntity, { userId, id })) === 1;
  }

  /**
   * The provider accepted the secret of this version just now, with the reservation of `warning` if it has one.
   * `false`: the secret has been replaced since.
   */
  async markValidated(em: EntityManager, credential: ProviderCredential, warning: string | null): Promise<boolean> {
    const now = this.#clock.now();
    const checked = { lastValidatedAt: now, updatedAt: now, warning };
    if (credential.status === "active") return this.#update(em, credential, checked);
    const { authMethod: method, refreshable, expiresAt = null, earliestRefreshAt = null } = credential;
    const { refreshAfter, expiryNoticeAt } = this.#scheduler.plan(
      { method, refreshable, expiresAt, earliestRefreshAt },
      now,
    );
    const schedule = { refreshAfter, nextTryAt: refreshAfter, earliestRefreshAt, expiryNoticeAt };
    return this.#update(em, credential, {
      ...checked,
      ...noRefresh,
      ...schedule,
      status: "active",
      statusReason: null,
      statusSince: now,
    });
  }

  /**
   * Nothing is wrong with the secret, and something with what surrounds it. `false`: it has been replaced since it was
   * read.
   */
  async warn(
    em: EntityManager,
    credential: Pick<ProviderCredential, "userId" | "id" | "tokenVersion">,
    warning: string,
  ): Promise<boolean> {
    return this.#update(em, credential, { warning, updatedAt: this.#clock.now() });
  }

  /** `false`: the secret has been replaced since it was read, or the status is that already. */
  async markStatus(
    em: EntityManager,
    credential: Pick<ProviderCredential, "userId" | "id" | "tokenVersion">,
    status: StoredStatus,
    reason: string,
  ): Promise<boolean> {
    const now = this.#clock.now();
    const columns = { status, statusReason: reason, statusSince: now, warning: null, updatedAt: now };
    return this.#update(em, credential, { ...noRefresh, ...noSchedule, ...columns }, { $ne: status });
  }

  /**
   * Forgets the secrets of sign-ins that the provider has ended, once they are of no use even to a person who looks
   * into what happened. @returns how many.
   */
  async forgetEnded(em: EntityManager, endedBefore: Date): Promise<number> {
    return em.nativeUpdate(
      ProviderCredentialEntity,
      {
        authMethod: "oauth",
        status: "needs_reauth",
        statusSince: { $lt: endedBefore },
        keyId: { $ne: forgottenKeyId },
      },
      { credentials: Buffer.alloc(0), keyId: forgottenKeyId },
    );
  }

  #conditions({ provider, method, status }: CredentialFilter): FilterQuery<ProviderCredential>[] {
    return [
      ...(provider == null ? [] : [{ provider }]),
      ...(method == null ? [] : [{ authMethod: method }]),
      ...(status == null ? [] : [this.#statusRule.where(status, this.#clock.now())]),
    ];
  }

  async #update(
    em: EntityManager,
    { userId, id, tokenVersion }: Pick<ProviderCredential, "userId" | "id" | "tokenVersion">,
    columns: Partial<ProviderCredential>,
    status?: { readonly $ne: StoredStatus },
  ): Promise<boolean> {
    const where = { userId, id, tokenVersion, ...(status === undefined ? {} : { status }) };
    return (await em.nativeUpdate(ProviderCredentialEntity, where, columns)) === 1;
  }
}

export const defaultLabel = "default";
