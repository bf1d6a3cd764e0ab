import type { StoredAuditEntry } from "../audit/audit-reader.ts";
import { builder } from "./builder.ts";
import { encodeNodeId } from "./node-id.ts";

/** The table's own numbers. */
export function isAuditEntryId(text: string): boolean {
  return /^\d{1,18}$/.test(text);
}

export const AuditEntryRef = builder.objectRef<StoredAuditEntry>("AuditEntry").implement({
  description: "An action on the user's credentials or sessions, or a refused attempt.",
  fields: (t) => ({
    id: t.id({ description: "An opaque ID of this entry.", resolve: ({ id }) => encodeNodeId("AuditEntry", id) }),
    at: t.field({
      type: "DateTime",
      description: "When the action was done or refused.",
      resolve: ({ createdAt }) => createdAt,
    }),
    actor: t.exposeString("actor", {
      description:
        "The `sub` that acted: the user, or a service on the user's behalf; `maestro-auth` if the server acted by itself.",
    }),
    action: t.exposeString("action", {
      description:
        "`credential.authenticate`, `.import`, `.validate`, `.refresh`, `.revoke`; `credential.access` for a service's first `issueAccess` in an hour, `user.read` and `user.follow` for its first query and subscription; `session.start`, `.end`, `.end_others`.",
    }),
    outcome: t.exposeString("outcome", {
      description: "`succeeded`, or an ErrorCode; `INTERNAL_ERROR` for a fault of the server.",
    }),
    provider: t.exposeString("provider", {
      nullable: true,
      description: "The provider's name; null if the action has none.",
    }),
    credentialId: t.id({
      nullable: true,
      description: "The credential's ID, also after it was deleted; null if none was stored or found.",
      resolve: ({ credentialId }) => (credentialId === null ? null : encodeNodeId("Credential", credentialId)),
    }),
    ip: t.exposeString("ip", {
      nullable: true,
      description: "The address that the request came from; null if no request caused the action.",
    }),
    userAgent: t.exposeString("userAgent", {
      nullable: true,
      description: "The request's user agent, at most 256 characters.",
    }),
  }),
});
