import type { Caller } from "../callers/caller.ts";
import type { CredentialChecker } from "../connect/credential-checker.ts";
import type { AccessReader, AccessRow } from "../credentials/access-reader.ts";
import type { CredentialSealer } from "../credentials/credential-sealer.ts";
import {
  AuthError,
  CredentialNotFoundError,
  InvalidCredentialError,
  KeyUnavailableError,
  ProviderUnavailableError,
  ReauthenticationRequiredError,
  ValidationError,
} from "../errors/auth-error.ts";
import type { Clock } from "../lib/clock.ts";
import type { ProviderAuth, ProviderCredentials } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { AttemptLimits } from "../rate-limits/attempt-limits.ts";
import type { Refresher } from "../refresh/refresher.ts";
import { type AccessGrant, type AccessRequest, decodeGrantId, encodeGrantId, environmentGrantId } from "./grants.ts";
import type { ServerKeys } from "./server-keys.ts";
import type { SessionAccess } from "./session-access.ts";
import type { UsageRecorder } from "./usage-recorder.ts";

/**
 * Answers `issueAccess`. The chain: the user's OAuth credential, the user's API key, the server's own key. Of several
 * accounts the label decides; without one, `default`, then the oldest. The server's key stands in only for a user who
 * has stored nothing that fits: a broken credential of the user's own is an error, not a bill for the operator.
 */
export class AccessIssuer {
  readonly #registry: ProviderRegistry;
  readonly #reader: AccessReader;
  readonly #sealer: CredentialSealer;
  readonly #checker: CredentialChecker;
  readonly #refresher: Refresher;
  readonly #attempts: AttemptLimits;
  readonly #usage: UsageRecorder;
  readonly #access: SessionAccess;
  readonly #serverKeys: ServerKeys;
  readonly #clock: Clock;

  constructor(parts: {
    readonly registry: ProviderRegistry;
    readonly reader: AccessReader;
    readonly sealer: CredentialSealer;
    readonly checker: CredentialChecker;
    readonly refresher: Refresher;
    readonly attempts: AttemptLimits;
    readonly usage: UsageRecorder;
    readonly access: SessionAccess;
    readonly serverKeys: ServerKeys;
    readonly clock: Clock;
  }) {
    this.#registry = parts.registry;
    this.#reader = parts.reader;
    this.#sealer = parts.sealer;
    this.#checker = parts.checker;
    this.#refresher = parts.refresher;
    this.#attempts = parts.attempts;
    this.#usage = parts.usage;
    this.#access = parts.access;
    this.#serverKeys = parts.serverKeys;
    this.#clock = parts.clock;
  }

  /** @throws AuthError */
  async issue(caller: Caller, asked: AccessRequest): Promise<AccessGrant> {
    // A name that does not exist is told as such, whatever the session is.
    const named = asked.provider === null ? null : this.#registry.get(asked.provider);
    const request = asked.sessionId === null ? asked : await this.#access.resolve(caller, asked, asked.sessionId);
    if (request.provider === null) {
      throw new ValidationError([{ path: ["input", "provider"], message: "Name a provider, or make one active." }]);
    }
    const provider = named ?? this.#registry.get(request.provider);
    const { method, label } = request;
    if (request.source === "environment") return this.#environmentGrant(caller, provider, request);
    const rows = await this.#reader.list({ userId: caller.userId, provider: provider.name, method, label });
    if (rows.length === 0) return this.#environmentGrant(caller, provider, request);
    const refusals: AuthError[] = [];
    for (const row of rows) {
      try {
        return await this.#grant(caller, provider, row, request.rejectedGrantId);
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        refusals.push(error);
      }
    }
    throw refusals[0]!;
  }

  async #grant(
    caller: Caller,
    provider: ProviderAuth,
    found: AccessRow,
    rejectedGrantId: string | null,
  ): Promise<AccessGrant> {
    if (found.status === "needs_reauth") throw needsReauthentication(provider, found, found.statusReason);
    const isRejected = names(rejectedGrantId, found);
    const row = found.refreshable ? await this.#renewed(caller, found, isRejected) : found;
    if (isExpired(row, this.#clock.now())) throw needsReauthentication(provider, row, null);
    const credentials = await this.#open(caller, row);
    if (isRejected && !row.refreshable) await this.#checkRejected(caller, provider, row);
    this.#usage.record(row.userId, row.id, this.#clock.now());
    return {
      ...provider.describeAccess(credentials),
      grantId: encodeGrantId({ credentialId: row.id, tokenVersion: row.tokenVersion }),
      provider,
      method: row.authMethod,
      source: "stored",
      userId: row.userId,
      credentialId: row.id,
    };
  }

  async #open(caller: Caller, row: AccessRow): Promise<ProviderCredentials> {
    try {
      return await this.#sealer.open(row, row);
    } catch (error) {
      if (error instanceof KeyUnavailableError && !error.isOfProcess && row.status !== "unreadable")
        await this.#checker.check(caller, row.id);
      throw error;
    }
  }

  /**
   * The row after a refresh, if one was needed. A token that still works is good enough where it cannot be refreshed
   * now.
   */
  async #renewed(caller: Caller, row: AccessRow, isRejected: boolean): Promise<AccessRow> {
    const isSpent = isRejected || isExpired(row, this.#clock.now());
    if (!isSpent && !row.isDue) return row;
    try {
      // Whoever rejects grant after grant would have tokens renewed without end.
      const beforehand = () => this.#attempts.rejectedGrant(caller, row);
      await this.#refresher.renew(row, isRejected ? { demand: "rejected", beforehand } : { demand: "due" });
    } catch (error) {
      if (error instanceof ProviderUnavailableError && !isSpent) return row;
      throw error;
    }
    const { userId, provider, authMethod: method, label } = row;
    const rows = await this.#reader.list({ userId, provider, method, label });
    const renewed = rows.find(({ id }) => id === row.id);
    if (renewed === undefined) throw new CredentialNotFoundError();
    return renewed;
  }

  async #checkRejected(caller: Caller, provider: ProviderAuth, row: AccessRow): Promise<void> {
    try {
      await this.#checker.check(caller, row.id);
    } catch (error) {
      if (!(error instanceof InvalidCredentialError)) throw error;
      throw needsReauthentication(provider, row, error.message, error);
    }
  }

  /** @throws CredentialNotFoundError if there is no such key, or the request asks for what only a stored one can be. */
  #environmentGrant(caller: Caller, provider: ProviderAuth, { method, label }: AccessRequest): AccessGrant {
    const credentials = this.#serverKeys.find(provider);
    const isAskedFor = label === null && (method === null || method === credentials?.method);
    if (credentials === null || !isAskedFor) throw this.#serverKeys.notConnected(provider);
    return {
      ...provider.describeAccess(credentials),
      grantId: environmentGrantId(provider.name),
      provider,
      method: credentials.method,
      source: "environment",
      userId: caller.userId,
      credentialId: null,
    };
  }
}

/** Only a rejection of the current version says something; one of an older version is answered by the newer one. */
function names(grantId: string | null, { id, tokenVersion }: AccessRow): boolean {
  const source = grantId === null ? null : decodeGrantId(grantId);
  return source?.credentialId === id && source.tokenVersion === tokenVersion;
}

function isExpired({ expiresAt }: AccessRow, now: Date): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** @param reason what the provider's answer meant, where that is known */
function needsReauthentication(
  provider: ProviderAuth,
  row: AccessRow,
  reason: string | null,
  cause?: InvalidCredentialError,
): ReauthenticationRequiredError {
  // To connect the same account again would not help.
  if (cause?.because === "disabled") return new ReauthenticationRequiredError(cause.message, row, { cause });
  const message = `${provider.displayName} no longer accepts the credential "${row.label}". Connect it again with \`authenticate\`.`;
  return new ReauthenticationRequiredError(reason === null ? message : `${message} ${reason}`, row, { cause });
}
