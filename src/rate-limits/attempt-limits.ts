import type { AuditActor } from "../audit/audit-log.ts";
import type { AuditedAction, AuditTrail } from "../audit/audit-trail.ts";
import { InvalidCredentialError, OAuthStateError, RateLimitedError } from "../errors/auth-error.ts";
import { networkOf } from "./client-network.ts";
import type { RateLimiter, Taken } from "./limiter.ts";
import type { RateLimitName } from "./limits.ts";

type Attempt = Omit<AuditedAction, "outcome">;
type Count = readonly [name: RateLimitName, subject: string];

/** What an attacker learns from; other failures, such as a provider that is down, are nobody's guess. */
function isWrongGuess(error: unknown): boolean {
  return error instanceof InvalidCredentialError || error instanceof OAuthStateError;
}

/**
 * A service that acts for its users sends from one address for all of them, so its calls count by user and provider
 * alone; so do calls whose address is not known.
 */
function networkCounts(name: RateLimitName, { actor, userId, ip }: AuditActor): Count[] {
  return ip === null || actor !== userId ? [] : [[name, networkOf(ip)]];
}

/**
 * Which limits what users do counts against. A refusal leaves one audit row in a window, however often it is repeated.
 */
export class AttemptLimits {
  readonly #limiter: RateLimiter;
  readonly #audit: AuditTrail;

  constructor(parts: { readonly limiter: RateLimiter; readonly audit: AuditTrail }) {
    this.#limiter = parts.limiter;
    this.#audit = parts.audit;
  }

  /**
   * Runs an attempt to have a credential accepted. Wrong credentials cost much, and all else little.
   * @param attempt `provider` is null where it is not known, or is no provider's name
   * @throws RateLimitedError without running it; whatever `work` throws.
   */
  async authentication<T>(caller: AuditActor, attempt: Attempt, work: () => Promise<T>): Promise<T> {
    const provider = attempt.credential?.provider ?? attempt.provider ?? null;
    const taken = await this.#take(caller, attempt, [
      ["authentication-user", caller.userId],
      ...networkCounts("authentication-ip", caller),
      ...(provider === null ? [] : [["authentication-provider", provider] as const]),
    ]);
    let isGuess = false;
    try {
      return await work();
    } catch (error) {
      isGuess = isWrongGuess(error);
      throw error;
    } finally {
      if (!isGuess) await giveBack(taken);
    }
  }

  /**
   * Counts a callback whose state belongs to no flow. Nobody is known to have sent it, and any page can make a browser
   * do so: what it uses up is not what users connect with. @throws RateLimitedError
   */
  async unknownState(ip: string | null): Promise<void> {
    if (ip !== null) await this.#limiter.take("unknown-callback-ip", networkOf(ip));
  }

  /** @throws RateLimitedError */
  async oauthStart(caller: AuditActor, provider: string): Promise<void> {
    await this.#take(caller, { action: "credential.authenticate", provider }, [
      ["oauth-start-user", caller.userId],
      ...networkCounts("oauth-start-ip", caller),
    ]);
  }

  /**
   * A renewal that somebody asks for; those that the server makes by itself are not counted. @throws RateLimitedError
   */
  async refresh(caller: AuditActor, credential: { readonly id: string; readonly provider: string }): Promise<void> {
    await this.#take(caller, { action: "credential.refresh", credential }, [["refresh-user", caller.userId]]);
  }

  /**
   * A renewal that a rejected grant forces: counted like one that is asked for, with some time between two of one
   * credential. @throws RateLimitedError
   */
  async rejectedGrant(
    caller: AuditActor,
    credential: { readonly id: string; readonly provider: string },
  ): Promise<void> {
    await this.#take(caller, { action: "credential.refresh", credential }, [
      ["rejected-credential", credential.id],
      ["refresh-user", caller.userId],
    ]);
  }

  /** @throws RateLimitedError */
  async sessionStart({ userId }: AuditActor): Promise<void> {
    await this.#limiter.take("session-start-user", userId);
  }

  /** Whatever a user changes, so that nobody fills the records of others. @throws RateLimitedError */
  async change({ userId }: AuditActor): Promise<void> {
    await this.#limiter.take("change-user", userId);
  }

  /** The narrowest limit comes first: who is refused by it takes nothing from what others share. */
  async #take(caller: AuditActor, attempt: Attempt, counts: readonly Count[]): Promise<readonly Taken[]> {
    const taken: Taken[] = [];
    for (const [name, subject] of counts) {
      try {
        taken.push(await this.#limiter.take(name, subject));
      } catch (error) {
        if (!(error instanceof RateLimitedError)) throw error;
        await giveBack(taken);
        if (await this.#limiter.isFirstNotice(name, JSON.stringify([attempt.action, caller.userId]))) {
          await this.#audit.writeFailure(caller, attempt, error);
        }
        throw error;
      }
    }
    return taken;
  }
}

async function giveBack(taken: readonly Taken[]): Promise<void> {
  await Promise.all(taken.map((one) => one.giveBack()));
}
