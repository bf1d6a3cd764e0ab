import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { type QuotaName, Quotas } from "../../callers/quota.ts";
import type { Keyring } from "../../credentials/sealing/keyring.ts";
import { openValue, sealedKeyId, sealValue, UnsealError } from "../../credentials/sealing/sealed-value.ts";
import type { Database, EntityManager } from "../../db/database.ts";
import { type AuthError, OAuthDeniedError, OAuthStateError, QuotaExceededError } from "../../errors/auth-error.ts";
import type { Clock } from "../../lib/clock.ts";
import { byId, RowBatch } from "../../lib/row-batch.ts";
import { Secret } from "../../lib/secret.ts";
import { type OAuthFlow, OAuthFlowEntity } from "./flow.ts";

/** What a flow must remember and nobody may read. */
export interface FlowSecrets {
  readonly codeVerifier: Secret;
  readonly nonce: string;
  readonly deviceCode: Secret | null;
}

export type NewFlow = Pick<
  OAuthFlow,
  | "userId"
  | "provider"
  | "kind"
  | "redirectUri"
  | "scopes"
  | "label"
  | "userCode"
  | "verificationUri"
  | "pollInterval"
  | "sessionId"
  | "expiresAt"
> & {
  readonly state: string;
  readonly binding: string | null;
  readonly secrets: FlowSecrets;
  /** False unless it is given. */
  readonly mayReplace?: boolean;
};

/** Who takes a flow, and what must be true of it. */
export interface FlowClaim {
  readonly state: string;
  readonly userId: string;
  readonly provider?: string;
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function context(flow: Pick<OAuthFlow, "id" | "userId" | "provider">) {
  return ["oauth_flows", "secrets", flow.id, flow.userId, flow.provider];
}

/** How long a flow can still be looked at after its time. A user's next flow then clears it away. */
const retentionMs = 86_400_000;

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** More flows than a user begins in a flow's life. */
const maxLookedAt = 50;
/** Old flows that go when a new one begins. */
const clearedAtOnce = 100;

/** The table `oauth_flows`. A flow is taken once: whoever changes it from pending to exchanging owns the exchange. */
export class OAuthFlowStore {
  readonly #database: Database;
  readonly #keyring: Keyring;
  readonly #clock: Clock;
  readonly #quotas: Quotas;
  readonly #found = new RowBatch(async (userId, ids) =>
    byId(await this.#database.em().find(OAuthFlowEntity, { userId, id: { $in: [...ids] } })),
  );

  constructor(database: Database, keyring: Keyring, clock: Clock, quotas = new Quotas()) {
    this.#database = database;
    this.#keyring = keyring;
    this.#clock = clock;
    this.#quotas = quotas;
  }

  /** @throws QuotaExceededError */
  async create({ state, binding, secrets, mayReplace = false, ...columns }: NewFlow): Promise<OAuthFlow> {
    const now = this.#clock.now();
    const id = randomUUID();
    await this.#keyring.freshen();
    const { id: keyId, key } = this.#keyring.active;
    const { codeVerifier, nonce, deviceCode } = secrets;
    const plain = { codeVerifier: codeVerifier.reveal(), nonce, deviceCode: deviceCode?.reveal() ?? null };
    return this.#database.transaction(async (em) => {
      await this.#makeRoom(em, columns.userId);
      const flow = em.create(OAuthFlowEntity, {
        ...columns,
        id,
        mayReplace,
        stateHash: sha256(state),
        bindingHash: binding === null ? null : sha256(binding),
        secrets: sealValue(keyId, key, Buffer.from(JSON.stringify(plain)), context({ id, ...columns })),
        nextPollAt: columns.pollInterval == null ? null : new Date(now.getTime() + columns.pollInterval * 1000),
        pollFailures: 0,
        status: "pending",
        errorCode: null,
        errorMessage: null,
        errorQuota: null,
        errorLimit: null,
        credentialId: null,
        createdAt: now,
        updatedAt: now,
      });
      await em.persist(flow).flush();
      return flow;
    });
  }

  /**
   * Before a provider is asked for a flow. Whether there still is room is decided when the flow is stored.
   * @throws QuotaExceededError
   */
  async expectRoom(userId: string): Promise<void> {
    await this.#assertRoom(this.#database.em(), userId);
  }

  /** Clears old flows away, more than are ever added. @throws QuotaExceededError */
  async #makeRoom(em: EntityManager, userId: string): Promise<void> {
    await this.#quotas.lock(em, userId);
    const before = new Date(this.#clock.now().getTime() - retentionMs).toISOString();
    await em.execute(
      `delete from oauth_flows where id in
        (select id from oauth_flows where user_id = ? and expires_at < ?::timestamptz limit ?)`,
      [userId, before, clearedAtOnce],
    );
    await this.#assertRoom(em, userId);
  }

  async #assertRoom(em: EntityManager, userId: string): Promise<void> {
    const pending =
      "select 1 from oauth_flows where user_id = ? and status = 'pending' and expires_at > ?::timestamptz";
    await this.#quotas.assertRoom(em, "oauth-flows", [pending, [userId, this.#clock.now().toISOString()]]);
  }

  async find(userId: string, id: string): Promise<OAuthFlow | null> {
    return this.#found.find(userId, id);
  }

  /** The flow of a provider that a state belongs to, within the flow's life, whatever became of it. It is not taken. */
  async findByState(provider: string, state: string): Promise<OAuthFlow | null> {
    const expiresAt = { $gt: this.#clock.now() };
    return this.#database.em().findOne(OAuthFlowEntity, { stateHash: sha256(state), provider, expiresAt });
  }

  /** Of these flows, those of a provider that have ended within their life; the last one first. */
  async findEnded(provider: string, ids: readonly string[]): Promise<OAuthFlow[]> {
    const known = ids.filter((id) => uuid.test(id)).slice(0, maxLookedAt);
    if (known.length === 0) return [];
    const where = {
      id: { $in: known },
      provider,
      status: { $in: ["completed", "denied", "failed"] as const },
      expiresAt: { $gt: this.#clock.now() },
    };
    return this.#database.em().find(OAuthFlowEntity, where, { orderBy: { updatedAt: "desc" } });
  }

  /** The provider of a user's own pending flow; null where the state is of none. */
  async providerOf(userId: string, state: string): Promise<string | null> {
    const where = { stateHash: sha256(state), userId, status: "pending" as const };
    return (await this.#database.em().findOne(OAuthFlowEntity, where))?.provider ?? null;
  }

  isBoundTo(flow: OAuthFlow, binding: string): boolean {
    return flow.bindingHash != null && timingSafeEqual(flow.bindingHash, sha256(binding));
  }

  /**
   * Takes a flow for its one exchange. @throws OAuthStateError unless it is pending, unexpired, and the claimant's own.
   */
  async take({ state, userId, provider }: FlowClaim): Promise<OAuthFlow> {
    const em = this.#database.em();
    const now = this.#clock.now();
    const stateHash = sha256(state);
    const where = { stateHash, userId, status: "pending" as const, expiresAt: { $gt: now } };
    const taken = await em.nativeUpdate(OAuthFlowEntity, provider === undefined ? where : { ...where, provider }, {
      status: "exchanging",
      updatedAt: now,
    });
    const flow = taken === 1 ? await em.findOne(OAuthFlowEntity, { stateHash, userId }) : null;
    if (flow === null) throw new OAuthStateError();
    return flow;
  }

  /** Gives a flow back that was taken and whose code was not used, so that the same code can be sent again. */
  async release({ userId, id }: OAuthFlow): Promise<void> {
    const columns = { status: "pending", updatedAt: this.#clock.now() } as const;
    await this.#database.em().nativeUpdate(OAuthFlowEntity, { userId, id, status: "exchanging" }, columns);
  }

  /** @throws OAuthStateError for bytes that were changed or moved, or whose key is gone. */
  async openSecrets(flow: OAuthFlow): Promise<FlowSecrets> {
    const { codeVerifier, nonce, deviceCode } = JSON.parse(await this.#open(flow)) as {
      codeVerifier: string;
      nonce: string;
      deviceCode: string | null;
    };
    return {
      codeVerifier: new Secret(codeVerifier),
      nonce,
      deviceCode: deviceCode === null ? null : new Secret(deviceCode),
    };
  }

  async #open(flow: OAuthFlow): Promise<string> {
    try {
      const id = sealedKeyId(flow.secrets);
      const key = this.#keyring.find(id) ?? (await this.#keyring.lookUp(id));
      if (key !== null) return openValue(key, flow.secrets, context(flow)).toString();
    } catch (error) {
      if (!(error instanceof UnsealError)) throw error;
    }
    throw new OAuthStateError();
  }

  /** In the transaction that stores the credential. */
  async complete(em: EntityManager, flow: OAuthFlow, credentialId: string): Promise<void> {
    await this.#end(em, flow, { status: "completed", credentialId });
  }

  /** In the transaction that puts it on record. @returns false where it was over already. */
  async fail(em: EntityManager, flow: OAuthFlow, error: AuthError): Promise<boolean> {
    const status =
      error instanceof OAuthDeniedError ? "denied" : error instanceof OAuthStateError ? "expired" : "failed";
    const refused = error instanceof QuotaExceededError ? (error as QuotaExceededError<QuotaName>) : null;
    const quota = { errorQuota: refused?.quota ?? null, errorLimit: refused?.limit ?? null };
    return this.#end(em, flow, { status, errorCode: error.code, errorMessage: error.message, ...quota });
  }

  /** A finished flow keeps nothing that could be opened. */
  async #end(em: EntityManager, { userId, id }: OAuthFlow, columns: Partial<OAuthFlow>): Promise<boolean> {
    const ended = await em.nativeUpdate(
      OAuthFlowEntity,
      { userId, id, status: { $in: ["pending", "exchanging"] } },
      { ...columns, secrets: Buffer.alloc(0), nextPollAt: null, updatedAt: this.#clock.now() },
    );
    return ended === 1;
  }

  /** Takes device flows that are due, for a while in which no other process polls them; by the database's clock. */
  async claimDue(limit: number, leaseSeconds: number): Promise<OAuthFlow[]> {
    return this.#database.transaction(async (em) => {
      const rows = await em.execute<{ id: string }[]>(
        `update oauth_flows set next_poll_at = now() + make_interval(secs => ?)
        where id in (
          select id from oauth_flows where next_poll_at <= now() and status = 'pending' and expires_at > now()
          order by next_poll_at limit ? for update skip locked
        ) returning id`,
        [leaseSeconds, limit],
      );
      return em.find(OAuthFlowEntity, { id: { $in: rows.map((row) => row.id) } });
    });
  }

  /** The provider has answered: asks again after `interval` seconds, from now on. */
  async postpone({ userId, id }: OAuthFlow, interval: number): Promise<void> {
    await this.#database
      .em()
      .execute(
        "update oauth_flows set poll_interval = ?, poll_failures = 0, next_poll_at = now() + make_interval(secs => ?) where user_id = ? and id = ? and status = 'pending'",
        [interval, interval, userId, id],
      );
  }

  /** The provider has not answered, once more: asks again after `wait` seconds. */
  async backOff({ userId, id }: OAuthFlow, wait: number): Promise<void> {
    await this.#database
      .em()
      .execute(
        "update oauth_flows set poll_failures = poll_failures + 1, next_poll_at = now() + make_interval(secs => ?) where user_id = ? and id = ? and status = 'pending'",
        [wait, userId, id],
      );
  }
}
