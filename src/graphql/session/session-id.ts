import { forbidden } from "../../callers/caller.ts";
import { SessionNotFoundError } from "../../errors/auth-error.ts";
import type { GraphQLContext } from "../context.ts";
import { decodeUuidNodeId } from "../node-id.ts";

/** The row behind an input's session id. @throws SessionNotFoundError for an id of anything else. */
export function sessionRowId(id: string): string {
  const rowId = decodeUuidNodeId("Session", id);
  if (rowId === null) throw new SessionNotFoundError();
  return rowId;
}

/**
 * The row behind the id of a session that an input would change beside its purpose; null where it names none.
 * @throws CallerError without the scope, SessionNotFoundError
 */
export function changedSession(id: string | null | undefined, { caller }: GraphQLContext): string | null {
  if (id == null) return null;
  if (!caller.scopes.has("sessions")) throw forbidden("sessions");
  return sessionRowId(id);
}
