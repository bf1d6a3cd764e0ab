import type { ProviderContext } from "../auth/provider-contexts.ts";
import { forbidden } from "../callers/caller.ts";
import { type Session, sessionStatuses } from "../sessions/session.ts";
import { AuthMethodEnum } from "./auth-method.ts";
import { builder } from "./builder.ts";
import { CredentialRef } from "./credential.ts";
import { CredentialSourceEnum } from "./credential-source.ts";
import { providerNameText } from "./input.ts";
import { listsCatalog } from "./limits/field-cost.ts";
import { isUuid } from "./node-id.ts";
import { ProviderRef } from "./provider.ts";

const statusDescriptions: Record<(typeof sessionStatuses)[number], string> = {
  active: "It is in use.",
  expired: "Nothing was done in it for the length of the timeout.",
  ended: "It was ended.",
};

export const SessionStatusEnum = builder.enumType("SessionStatus", {
  description: "Where a session stands.",
  values: Object.fromEntries(
    sessionStatuses.map((value) => [value.toUpperCase(), { value, description: statusDescriptions[value] }]),
  ) as { [Status in keyof typeof statusDescriptions as Uppercase<Status>]: { value: Status; description: string } },
});

const ProviderContextStatusEnum = builder.enumType("ProviderContextStatus", {
  description: "Whether a session can use a provider.",
  values: {
    AUTHENTICATED: { value: "authenticated", description: "There is a credential that works, as far as is known." },
    NEEDS_AUTH: { value: "needs_auth", description: "The user has to connect the provider first, or again." },
  } as const,
});

const ProviderContextRef = builder.objectRef<ProviderContext>("ProviderContext").implement({
  description: "How one session uses one provider, or would if it were chosen.",
  fields: (t) => ({
    provider: t.expose("provider", { type: ProviderRef, description: "Which provider." }),
    status: t.expose("status", { type: ProviderContextStatusEnum, description: "Whether it can be used." }),
    method: t.expose("method", {
      type: AuthMethodEnum,
      nullable: true,
      description: "How the credential was obtained; null where there is none.",
    }),
    source: t.expose("source", {
      type: CredentialSourceEnum,
      nullable: true,
      description: "Whose secret it is; null where there is none.",
    }),
    credential: t.expose("credential", {
      type: CredentialRef,
      nullable: true,
      authScopes: { scope: "credentials:read" },
      description:
        "The stored credential; null where there is none, and for the server's own key. Needs the scope `credentials:read`.",
    }),
    model: t.exposeString("model", { nullable: true, description: "The model that was chosen with it." }),
    selectedAt: t.expose("selectedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was chosen in this session; null where it was not, and the rest is what would be taken.",
    }),
  }),
});

export const SessionRef = builder.objectRef<Session>("Session");

builder.node(SessionRef, {
  description:
    "One use of an application, on one device: it remembers which provider is active. All of a user's devices see all of the user's sessions.",
  id: { resolve: (session) => session.id },
  loadWithoutCache: async (id, { caller, sessions }) => {
    if (!caller.scopes.has("sessions")) throw forbidden("sessions");
    return isUuid(id) ? sessions.find(caller.userId, id) : null;
  },
  isTypeOf: (value) => typeof value === "object" && value !== null && "lastActivityAt" in value,
  fields: (t) => ({
    label: t.exposeString("label", { nullable: true, description: "What its application calls it." }),
    status: t.field({
      type: SessionStatusEnum,
      description: "Where it stands, at the moment of reading.",
      resolve: (session, _args, { sessions }) => sessions.statusOf(session),
    }),
    activeProvider: t.field({
      type: ProviderContextRef,
      nullable: true,
      description: "The context that calls use when they name no provider.",
      resolve: (session, _args, { contexts }) => contexts.active(session),
    }),
    providers: t.field({
      type: [ProviderContextRef],
      extensions: listsCatalog,
      description: "One entry for each provider of the catalogue.",
      resolve: (session, _args, { contexts }) => contexts.list(session),
    }),
    provider: t.field({
      type: ProviderContextRef,
      nullable: true,
      description: "The entry of one provider; null for a name that is not in the catalogue.",
      args: {
        name: t.arg.string({
          required: true,
          description: "Such as `anthropic`.",
          validate: { schema: providerNameText },
        }),
      },
      resolve: (session, { name }, { contexts }) => contexts.find(session, name),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was started." }),
    lastActivityAt: t.expose("lastActivityAt", {
      type: "DateTime",
      description: "When something was last done in it, a few seconds late at most.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      description: "When it expires unless something is done in it before; of one that is over, when it would have.",
    }),
  }),
});
