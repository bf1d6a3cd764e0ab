import { type Caller, CallerError, forbidden } from "./caller.ts";
import type { TokenVerifier } from "./token-verifier.ts";
import { isUserId } from "./user-id.ts";

/** What a transport knows of a request: HTTP and SSE from headers, WebSocket from its connection parameters. */
export interface CallerEvidence {
  readonly authorization: unknown;
  readonly onBehalfOf: unknown;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/**
 * Says who the caller is; the one way in for every transport.
 * @throws CallerError
 */
export async function authenticateCaller(verifier: TokenVerifier, evidence: CallerEvidence): Promise<Caller> {
  const { authorization, onBehalfOf, ip, userAgent } = evidence;
  if (typeof authorization !== "string" || authorization === "") {
    throw new CallerError("UNAUTHENTICATED", "A token is needed: send `Authorization: Bearer <token>`.");
  }
  const [, token] = /^Bearer +([\w.~+/=-]{1,8192})$/i.exec(authorization) ?? [];
  if (token === undefined) {
    throw new CallerError(
      "UNAUTHENTICATED",
      "The authorization is not of the form `Bearer <token>` (RFC 6750, section 2.1).",
    );
  }
  const { subject, scopes, expiresAt } = await verifier.verify(token);
  const caller = { actor: subject, userId: subject, scopes, expiresAt, ip, userAgent };
  if (onBehalfOf === undefined || onBehalfOf === null) return caller;
  if (!scopes.has("users:act")) throw forbidden("users:act");
  if (!isUserId(onBehalfOf)) throw new CallerError("FORBIDDEN", "`x-on-behalf-of` must be one user id.");
  return { ...caller, userId: onBehalfOf };
}
