import { RateLimitedError } from "../errors/auth-error.ts";
import type { Logger } from "../observability/logger.ts";
import { networkOf } from "../rate-limits/client-network.ts";
import type { RateLimiter } from "../rate-limits/limiter.ts";
import { type Caller, CallerError, forbidden } from "./caller.ts";
import type { TokenVerifier } from "./token-verifier.ts";
import { decodeUserId, isUserId } from "./user-id.ts";

/** What a transport knows of a request: HTTP and SSE from headers, WebSocket from its connection parameters. */
export interface CallerEvidence {
  readonly authorization: unknown;
  /** A user id, perhaps encoded as RFC 8187 says; bytes where it came as such and they are not UTF-8. */
  readonly onBehalfOf: unknown;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** Says who callers are; the one way in for every transport. */
export class CallerAuthentication {
  readonly #verifier: TokenVerifier;
  readonly #limiter: RateLimiter;
  readonly #log: Logger;

  constructor(parts: { readonly verifier: TokenVerifier; readonly limiter: RateLimiter; readonly log: Logger }) {
    this.#verifier = parts.verifier;
    this.#limiter = parts.limiter;
    this.#log = parts.log;
  }

  /** @throws CallerError, or RateLimitedError in its place once too many tokens from the address were not valid. */
  async authenticate(evidence: CallerEvidence): Promise<Caller> {
    try {
      return await verify(this.#verifier, evidence);
    } catch (error) {
      this.#tell(error, evidence.ip);
      const isFailedToken = error instanceof CallerError && error.code === "UNAUTHENTICATED";
      // Who sends no token has tried none.
      if (isFailedToken && evidence.authorization !== undefined) await this.#countFailure(evidence.ip);
      throw error;
    }
  }

  /** The reason repeats nothing of the token. A provider whose keys cannot be read has a line of its own. */
  #tell(error: unknown, ip: string | null): void {
    if (!(error instanceof CallerError) || error.code === "IDENTITY_PROVIDER_UNAVAILABLE") return;
    this.#log.tell("caller.refused", { code: error.code, reason: error.message, ip });
  }

  /**
   * Only failures are counted: a good token costs no look at a counter, and none is refused for its neighbours' sake.
   */
  async #countFailure(ip: string | null): Promise<void> {
    const network = ip === null ? "unknown" : networkOf(ip);
    try {
      await this.#limiter.take("failed-token-ip", network);
    } catch (error) {
      if (error instanceof RateLimitedError && (await this.#limiter.isFirstNotice("failed-token-ip", network))) {
        this.#log.tell("caller.blocked", { ip });
      }
      throw error;
    }
  }
}

/** @throws CallerError. A socket's close reason has room for 123 bytes, and so the messages have no more. */
function readUserId(value: unknown): string {
  const userId = typeof value === "string" ? decodeUserId(value) : value;
  if (userId === null || value instanceof Uint8Array) {
    throw new CallerError(
      "FORBIDDEN",
      "`x-on-behalf-of` is not UTF-8. Write such an id as UTF-8''J%C3%BCrgen (RFC 8187).",
    );
  }
  if (!isUserId(userId)) throw new CallerError("FORBIDDEN", "`x-on-behalf-of` must be one user id.");
  return userId;
}

async function verify(verifier: TokenVerifier, evidence: CallerEvidence): Promise<Caller> {
  const { authorization, onBehalfOf, ip, userAgent } = evidence;
  if (typeof authorization !== "string" || authorization === "") {
    throw new CallerError("UNAUTHENTICATED", "A token is required: send `Authorization: Bearer <token>`.");
  }
  const [, token] = /^Bearer +([\w.~+/=-]{1,8192})$/i.exec(authorization) ?? [];
  if (token === undefined) {
    throw new CallerError(
      "UNAUTHENTICATED",
      "The authorization does not have the form `Bearer <token>` (RFC 6750, section 2.1).",
    );
  }
  const { subject, scopes, expiresAt, login, signedBy } = await verifier.verify(token);
  const caller = { actor: subject, userId: subject, scopes, expiresAt, ip, userAgent, login, signedBy };
  if (onBehalfOf === undefined || onBehalfOf === null) return caller;
  if (!scopes.has("users:act")) throw forbidden("users:act");
  return { ...caller, userId: readUserId(onBehalfOf) };
}
