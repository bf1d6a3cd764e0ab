import { AuditEntryRef, isAuditEntryId } from "./audit-entry.ts";
import { builder } from "./builder.ts";
import { AuthMethodEnum } from "./credential/auth-method.ts";
import { CredentialRef, CredentialStatusEnum } from "./credential/credential.ts";
import { labelText, providerNameText, userIdText } from "./input.ts";
import { readsDatabase } from "./limits/field-cost.ts";
import { decodeUuidNodeId } from "./node-id.ts";
import { resolvePage } from "./page.ts";
import { SessionRef, SessionStatusEnum } from "./session/session.ts";

interface User {
  readonly userId: string;
}

const UserRef = builder.objectRef<User>("User");

builder.node(UserRef, {
  description: "A person who connects providers.",
  id: { resolve: (user) => user.userId },
  loadWithoutCache: (userId, { caller }) => (userId === caller.userId ? { userId } : null),
  isTypeOf: (value) => typeof value === "object" && value !== null && Object.keys(value).join() === "userId",
  fields: (t) => ({
    userId: t.exposeString("userId", { description: "The `sub` of the caller's token." }),
    credentials: t.connection(
      {
        type: CredentialRef,
        description: "The user's credentials, in order of creation.",
        authScopes: { scope: "credentials:read" },
        args: {
          provider: t.arg.string({
            description: "Only this provider.",
            validate: { schema: providerNameText },
          }),
          method: t.arg({ type: AuthMethodEnum, description: "Only credentials of this method." }),
          status: t.arg({ type: CredentialStatusEnum, description: "Only those with this status now." }),
        },
        resolve: ({ userId }, { provider, method, status, ...args }, { coordinator }) =>
          resolvePage(args, (page) => coordinator.listCredentials(userId, { provider, method, status }, page)),
      },
      { name: "CredentialConnection", description: "A page of credentials." },
      { name: "CredentialEdge", description: "One credential of a page." },
    ),
    credential: t.field({
      type: CredentialRef,
      extensions: readsDatabase,
      nullable: true,
      description: "The credential that `issueAccess` tries first. Without a method, OAuth comes before API key.",
      authScopes: { scope: "credentials:read" },
      args: {
        provider: t.arg.string({
          required: true,
          description: "The provider's name, such as `anthropic`.",
          validate: { schema: providerNameText },
        }),
        method: t.arg({ type: AuthMethodEnum, description: "Only this method." }),
        label: t.arg.string({
          description: "Only this label. If omitted: `default`, then the oldest.",
          validate: { schema: labelText },
        }),
      },
      resolve: ({ userId }, { provider, method, label }, { coordinator }) =>
        coordinator.preferredCredential(userId, { provider, method: method ?? null, label: label ?? null }),
    }),
    sessions: t.connection(
      {
        type: SessionRef,
        description: "The user's sessions on all devices, in order of creation.",
        authScopes: { scope: "sessions" },
        args: { status: t.arg({ type: SessionStatusEnum, description: "Only those with this status now." }) },
        resolve: ({ userId }, { status, ...args }, { sessions }) =>
          resolvePage(args, (page) => sessions.list(userId, status ?? null, page)),
      },
      { name: "SessionConnection", description: "A page of sessions." },
      { name: "SessionEdge", description: "One session of a page." },
    ),
    session: t.field({
      type: SessionRef,
      extensions: readsDatabase,
      nullable: true,
      description: "A session; null if the user has none with this ID.",
      authScopes: { scope: "sessions" },
      args: { id: t.arg.id({ required: true, description: "The session's `id`." }) },
      resolve: ({ userId }, { id }, { sessions }) => {
        const rowId = decodeUuidNodeId("Session", id);
        return rowId === null ? null : sessions.find(userId, rowId);
      },
    }),
    auditLog: t.connection(
      {
        type: AuditEntryRef,
        description:
          "What was done with the user's credentials and sessions, and what was refused, by whom and from where. Oldest first, so `last: 20` returns the newest. Entries are kept for the server's retention period.",
        authScopes: { scope: "credentials:read" },
        resolve: ({ userId }, args, { audit }) => resolvePage(args, (page) => audit.list(userId, page), isAuditEntryId),
      },
      { name: "AuditEntryConnection", description: "A page of the audit log." },
      { name: "AuditEntryEdge", description: "One entry of a page." },
    ),
    eventCursor: t.string({
      extensions: readsDatabase,
      description:
        "The cursor of the newest event. Read it with the state, then subscribe with `after:` and this cursor, so that no event is missed.",
      resolve: ({ userId }, _args, { stream }) => stream.cursor(userId),
    }),
  }),
});

builder.queryFields((t) => ({
  viewer: t.field({
    type: UserRef,
    description: "The user whom the caller acts as.",
    authScopes: { authenticated: true },
    resolve: (_root, _args, { caller, accesses }) => {
      accesses.read(caller);
      return { userId: caller.userId };
    },
  }),
  user: t.field({
    type: UserRef,
    nullable: true,
    description: "Any user. Requires the scope `users:act`.",
    authScopes: { scope: "users:act" },
    args: {
      id: t.arg.string({
        required: true,
        description: "The `sub` of the user's tokens.",
        validate: { schema: userIdText },
      }),
    },
    resolve: (_root, { id }, { caller, accesses }) => {
      accesses.read({ ...caller, userId: id });
      return { userId: id };
    },
  }),
}));
