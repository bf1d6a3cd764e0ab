import type { ProviderContext } from "../../access/provider-contexts.ts";
import { forbidden } from "../../callers/caller.ts";
import { type Session, sessionStatuses } from "../../sessions/session.ts";
import { builder } from "../builder.ts";
import { AuthMethodEnum } from "../credential/auth-method.ts";
import { CredentialSourceEnum } from "../credential/credential-source.ts";
import { CredentialRef } from "../credential/credential.ts";
import { providerNameText } from "../input.ts";
import { listsCatalog } from "../limits/field-cost.ts";
import { isUuid } from "../node-id.ts";
import { ProviderRef } from "../provider.ts";

const statusDescriptions: Record<(typeof sessionStatuses)[number], string> = {
  active: "The session is in use.",
  expired: "The session has expired because there was no activity.",
  ended: "The session was ended.",
};

export const SessionStatusEnum = builder.enumType("SessionStatus", {
  description: "The status of a session.",
  values: Object.fromEntries(
    sessionStatuses.map((value) => [value.toUpperCase(), { value, description: statusDescriptions[value] }]),
  ) as { [Status in keyof typeof statusDescriptions as Uppercase<Status>]: { value: Status; description: string } },
});

const ProviderContextStatusEnum = builder.enumType("ProviderContextStatus", {
  description: "Whether a session can use a provider.",
  values: {
    AUTHENTICATED: {
      value: "authenticated",
      description: "There is a credential that works, as far as the server knows.",
    },
    NEEDS_AUTH: {
      value: "needs_auth",
      description: "The user must connect the provider, for the first time or again.",
    },
  } as const,
});

const ProviderContextRef = builder.objectRef<ProviderContext>("ProviderContext").implement({
  description: "How a session uses a provider, or would use it if it were chosen.",
  fields: (t) => ({
    provider: t.expose("provider", { type: ProviderRef, description: "The provider." }),
    status: t.expose("status", {
      type: ProviderContextStatusEnum,
      description: "Whether the session can use the provider.",
    }),
    method: t.expose("method", {
      type: AuthMethodEnum,
      nullable: true,
      description: "How the credential was obtained; null if there is none.",
    }),
    source: t.expose("source", {
      type: CredentialSourceEnum,
      nullable: true,
      description: "Whether the credential belongs to the user or to the server; null if there is none.",
    }),
    credential: t.expose("credential", {
      type: CredentialRef,
      nullable: true,
      authScopes: { scope: "credentials:read" },
      description:
        "The stored credential; null if there is none, and for the server's own key. Requires the scope `credentials:read`.",
    }),
    model: t.exposeString("model", { nullable: true, description: "The model that was chosen with the provider." }),
    selectedAt: t.expose("selectedAt", {
      type: "DateTime",
      nullable: true,
      description:
        "When the provider was chosen in this session. If null, it was not chosen, and the other fields say what would be used.",
    }),
  }),
});

export const SessionRef = builder.objectRef<Session>("Session");

builder.node(SessionRef, {
  description:
    "One use of an application on one device. It remembers which provider is active. All of a user's devices see all of the user's sessions.",
  id: { resolve: (session) => session.id },
  loadWithoutCache: async (id, { caller, sessions }) => {
    if (!caller.scopes.has("sessions")) throw forbidden("sessions");
    return isUuid(id) ? sessions.find(caller.userId, id) : null;
  },
  isTypeOf: (value) => typeof value === "object" && value !== null && "lastActivityAt" in value,
  fields: (t) => ({
    label: t.exposeString("label", { nullable: true, description: "The name that the application gave the session." }),
    status: t.field({
      type: SessionStatusEnum,
      description: "The status at the moment of reading.",
      resolve: (session, _args, { sessions }) => sessions.statusOf(session),
    }),
    activeProvider: t.field({
      type: ProviderContextRef,
      nullable: true,
      description: "The provider that calls use if they name none.",
      resolve: (session, _args, { contexts }) => contexts.active(session),
    }),
    providers: t.field({
      type: [ProviderContextRef],
      extensions: listsCatalog,
      description: "How the session uses each provider.",
      resolve: (session, _args, { contexts }) => contexts.list(session),
    }),
    provider: t.field({
      type: ProviderContextRef,
      nullable: true,
      description: "How the session uses a provider; null if no provider has this name.",
      args: {
        name: t.arg.string({
          required: true,
          description: "The provider's name, such as `anthropic`.",
          validate: { schema: providerNameText },
        }),
      },
      resolve: (session, { name }, { contexts }) => contexts.find(session, name),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When the session was started." }),
    lastActivityAt: t.expose("lastActivityAt", {
      type: "DateTime",
      description: "The time of the last activity, at most a few seconds late.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      description: "When the session expires without activity. For an ended session: when it would have expired.",
    }),
  }),
});
