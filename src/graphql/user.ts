import { resolveCursorConnection, type ResolveCursorConnectionArgs } from "@pothos/plugin-relay";
import type { CredentialPosition } from "../credentials/credential-store.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import { ValidationError } from "../errors.ts";
import { AuthMethodEnum } from "./auth-method.ts";
import { builder } from "./builder.ts";
import { CredentialRef, CredentialStatusEnum } from "./credential.ts";
import { labelText, providerNameText, userIdText } from "./input.ts";
import { isUuid } from "./node-id.ts";

const maxPageSize = 100;
const defaultPageSize = 20;

interface User {
  readonly userId: string;
}

function toCursor({ createdAt, id }: ProviderCredential): string {
  return Buffer.from(`c1.${createdAt.getTime()}.${id}`).toString("base64url");
}

function toPosition(name: "after" | "before", cursor: string | undefined): CredentialPosition | undefined {
  if (cursor === undefined) return undefined;
  const [, time, id] =
    /^c1\.(\d{1,15})\.(.{36})$/.exec(Buffer.from(cursor.slice(0, 128), "base64url").toString()) ?? [];
  if (id !== undefined && isUuid(id)) return { createdAt: new Date(Number(time)), id };
  throw new ValidationError([{ path: [name], message: "is not a cursor of this connection" }]);
}

type PageArguments = { readonly first?: number | null | undefined; readonly last?: number | null | undefined };

function assertPageSize(args: PageArguments): void {
  for (const name of ["first", "last"] as const) {
    const size = args[name] ?? 0;
    if (size < 0 || size > maxPageSize) {
      throw new ValidationError([{ path: [name], message: `must be from 0 to ${maxPageSize}` }]);
    }
  }
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
        resolve: async ({ userId }, { provider, method, status, ...args }, { coordinator }) => {
          assertPageSize(args);
          const connection = await resolveCursorConnection(
            { args, defaultSize: defaultPageSize, maxSize: maxPageSize, toCursor },
            ({ after, before, limit, inverted }: ResolveCursorConnectionArgs) =>
              coordinator.listCredentials(
                userId,
                { provider, method, status },
                { after: toPosition("after", after), before: toPosition("before", before), limit, inverted },
              ),
          );
          // Of an empty page the plugin says "".
          const { startCursor, endCursor } = connection.pageInfo;
          const cursors = { startCursor: startCursor || null, endCursor: endCursor || null };
          return { ...connection, pageInfo: { ...connection.pageInfo, ...cursors } };
        },
      },
      { name: "CredentialConnection", description: "A page of credentials." },
      { name: "CredentialEdge", description: "One credential of a page." },
    ),
    credential: t.field({
      type: CredentialRef,
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
    eventCursor: t.string({
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
    resolve: (_root, _args, { caller }) => ({ userId: caller.userId }),
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
    resolve: (_root, { id }) => ({ userId: id }),
  }),
}));
