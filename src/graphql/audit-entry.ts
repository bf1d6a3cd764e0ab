import type { StoredAuditEntry } from "../observability/audit-reader.ts";
import { builder } from "./builder.ts";
import { encodeNodeId } from "./node-id.ts";

/** The table's own numbers. */
export function isAuditEntryId(text: string): boolean {
  return /^\d{1,18}$/.test(text);
}

export const AuditEntryRef = builder.objectRef<StoredAuditEntry>("AuditEntry").implement({
  description: "Something that was done with the user's credentials or sessions, or was refused.",
  fields: (t) => ({
    id: t.id({ description: "Opaque; names this entry.", resolve: ({ id }) => encodeNodeId("AuditEntry", id) }),
    at: t.field({ type: "DateTime", description: "When.", resolve: ({ createdAt }) => createdAt }),
    actor: t.exposeString("actor", {
      description:
        "The `sub` that acted: the user, or a service on the user's behalf; `maestro-auth` for what the server did by itself.",
    }),
    action: t.exposeString("action", {
      description:
        "`credential.authenticate`, `.import`, `.validate`, `.refresh`, `.revoke`; `credential.access` for a service's first `issueAccess` in an hour, `user.read` and `user.follow` for its first query and subscription; `session.start`, `.end`, `.end_others`.",
    }),
    outcome: t.exposeString("outcome", {
      description: "`succeeded`, or an ErrorCode; `INTERNAL_ERROR` for a fault of the server's.",
    }),
    provider: t.exposeString("provider", { nullable: true, description: "The provider's name, where there is one." }),
    credentialId: t.id({
      nullable: true,
      description: "The id that the credential has or had; null where none was stored or found.",
      resolve: ({ credentialId }) => (credentialId === null ? null : encodeNodeId("Credential", credentialId)),
    }),
    ip: t.exposeString("ip", {
      nullable: true,
      description: "The address that the request came from; null for what no request caused.",
    }),
    userAgent: t.exposeString("userAgent", {
      nullable: true,
      description: "The program that sent the request, as it called itself; at most 256 characters.",
    }),
  }),
});
