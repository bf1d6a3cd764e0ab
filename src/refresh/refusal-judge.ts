import { backoff } from "../credentials/refresh-schedule.ts";
import type { Database } from "../db/database.ts";
import { ProviderUnavailableError } from "../errors/auth-error.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { ProviderAuth } from "../providers/provider-auth.ts";
import type { RefreshClaim } from "./lease.ts";
import { pauseMs } from "./provider-gate.ts";
import type { ProviderGates } from "./provider-gates.ts";
import { alikeRetryMs, takeCensus, tally } from "./refusals.ts";

/** What follows from a refusal: the sign-in is over, or there is another try. */
export type Judgement =
  | { readonly isOver: true; readonly reason: string; readonly code: string | null }
  | {
      readonly isOver: false;
      /** Milliseconds until the next try. */
      readonly retryInMs: number;
      /** See Setback. */
      readonly refusals: number;
      /** What to tell those who wait. */
      readonly error: ProviderUnavailableError;
    };

/**
 * Decides what a refusal that is not plainly the end of a grant says of the grant, of the server's client and of the
 * provider.
 */
export class RefusalJudge {
  readonly #database: Database;
  readonly #gates: ProviderGates;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(parts: {
    readonly database: Database;
    readonly gates: ProviderGates;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#database = parts.database;
    this.#gates = parts.gates;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** A refusal for a reason that nobody knows ends the sign-in when it stays one, unless others are refused alike. */
  async ofGrant(provider: ProviderAuth, claim: RefreshClaim, error: ProviderUnavailableError): Promise<Judgement> {
    const { count: refusals, isEnough, isEnoughAlike, retryInMs } = tally(claim, this.#clock.now());
    if (!isEnough) return { isOver: false, refusals, retryInMs, error };
    const { displayName, name, clientId } = provider;
    const { vendorCode } = error;
    const { areAlike } = await takeCensus(this.#database, claim, { clientId, code: vendorCode });
    if (!areAlike || isEnoughAlike) return over(provider, vendorCode);
    const what = `${displayName} refuses to renew the sign-ins of several users alike (${vendorCode ?? "no code"}).`;
    this.#log.tell("refresh.refused_alike", { provider: name, vendorCode, reason: what });
    provider.health.complain(what);
    return { isOver: false, refusals, retryInMs: alikeRetryMs, error };
  }

  /**
   * A refusal of the operator's client says nothing against a grant that was made for this client. Another one may
   * belong to another client: it is over when others are renewed with this client meanwhile.
   */
  async ofClient(provider: ProviderAuth, claim: RefreshClaim, error: ProviderUnavailableError): Promise<Judgement> {
    const { clientId, name, displayName } = provider;
    const { vendorCode } = error;
    if (claim.provenClient !== null && claim.provenClient === clientId) {
      const details = { provider: name, vendorCode, reason: error.message };
      this.#log.tell("provider.client_refused", details);
      if (this.#gates.of(provider).clientRefused(claim.userId, error.message)) {
        this.#log.tell("refresh.paused", details);
        provider.health.complain(error.message);
      }
      return { isOver: false, refusals: 0, retryInMs: Math.min(backoff(claim.failCount + 1), pauseMs), error };
    }
    const { count: refusals, isEnough, retryInMs } = tally(claim, this.#clock.now());
    const census = isEnough ? await takeCensus(this.#database, claim, { clientId, code: vendorCode }) : null;
    if (census?.isClientAccepted) return over(provider, vendorCode);
    const detail = `${displayName} refused to renew this sign-in with this server's OAuth client (${vendorCode ?? "no code"}). It may have been made for another client.`;
    const told = new ProviderUnavailableError(`${detail} If it goes on, connect again.`, {
      cause: error.cause,
      failure: "declined",
      detail,
      vendorCode,
    });
    return { isOver: false, refusals, retryInMs, error: told };
  }
}

function over({ displayName }: ProviderAuth, code: string | null): Judgement {
  const shown = code === null ? "" : ` (${code})`;
  const reason = `${displayName} has refused again and again to renew this sign-in${shown}. Connect the provider again.`;
  return { isOver: true, reason, code };
}
