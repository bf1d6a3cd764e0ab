import { AuditEntryRef, isAuditEntryId } from "./audit-entry.ts";
import { AuthMethodEnum } from "./auth-method.ts";
import { builder } from "./builder.ts";
import { CredentialRef, CredentialStatusEnum } from "./credential.ts";
import { readsDatabase } from "./limits/field-cost.ts";
import { labelText, providerNameText, userIdText } from "./input.ts";
import { decodeUuidNodeId } from "./node-id.ts";
import { resolvePage } from "./page.ts";
import { SessionRef, SessionStatusEnum } from "./session.ts";

interface User {
  readonly userId: string;
}

const UserRef = builder.objectRef<User>("User");

builder.node(UserRef, {
  description: "Somebody who connects providers.",
  id: { resolve: (user) => user.userId },
  loadWithoutCache: (userId, { caller }) => (userId === caller.userId ? { userId } : null),
  isTypeOf: (value) => typeof value === "object" && value !== null && Object.keys(value).join() === "userId",
  fields: (t) => ({
    userId: t.exposeString("userId", { description: "The `sub` of the caller's token." }),
    credentials: t.connection(
      {
        type: CredentialRef,
        description: "The user's credentials, in the order of their creation.",
        authScopes: { scope: "credentials:read" },
        args: {
          provider: t.arg.string({
            description: "Only those of this provider.",
            validate: { schema: providerNameText },
          }),
          method: t.arg({ type: AuthMethodEnum, description: "Only those of this method." }),
          status: t.arg({ type: CredentialStatusEnum, description: "Only those that have this status now." }),
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
      description: "The credential that `issueAccess` tries first. Without a method: OAuth before API key.",
      authScopes: { scope: "credentials:read" },
      args: {
        provider: t.arg.string({
          required: true,
          description: "Such as `anthropic`.",
          validate: { schema: providerNameText },
        }),
        method: t.arg({ type: AuthMethodEnum, description: "Only this method." }),
        label: t.arg.string({
          description: "Only this label; without it `default`, then the oldest.",
          validate: { schema: labelText },
        }),
      },
      resolve: ({ userId }, { provider, method, label }, { coordinator }) =>
        coordinator.preferredCredential(userId, { provider, method: method ?? null, label: label ?? null }),
    }),
    sessions: t.connection(
      {
        type: SessionRef,
        description: "The user's sessions on all devices, in the order of their creation.",
        authScopes: { scope: "sessions" },
        args: { status: t.arg({ type: SessionStatusEnum, description: "Only those that have this status now." }) },
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
      description: "One session; null when there is none of the user's with this id.",
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
          "What was done with the user's credentials and sessions, and what was refused, by whom and from where; in the order of time, so that `last: 20` gives the newest. Entries are kept for the server's time of retention.",
        authScopes: { scope: "credentials:read" },
        resolve: ({ userId }, args, { audit }) => resolvePage(args, (page) => audit.list(userId, page), isAuditEntryId),
      },
      { name: "AuditEntryConnection", description: "A page of the audit log." },
      { name: "AuditEntryEdge", description: "One entry of a page." },
    ),
    eventCursor: t.string({
      extensions: readsDatabase,
      description: "Take it, read the state, then subscribe with `after:` it: nothing falls between.",
      resolve: ({ userId }, _args, { stream }) => stream.cursor(userId),
    }),
  }),
});

builder.queryFields((t) => ({
  viewer: t.field({
    type: UserRef,
    description: "The user that the caller acts as.",
    authScopes: { authenticated: true },
    resolve: (_root, _args, { caller, accesses }) => {
      accesses.read(caller);
      return { userId: caller.userId };
    },
  }),
  user: t.field({
    type: UserRef,
    nullable: true,
    description: "Any user. Needs the scope `users:act`.",
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
