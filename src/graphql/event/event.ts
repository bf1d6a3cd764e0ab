import { encodeCursor } from "../../events/cursor.ts";
import type { StreamEvent } from "../../events/event.ts";
import { builder } from "../builder.ts";
import { AuthMethodEnum } from "../credential/auth-method.ts";
import { CredentialRef, previousAccountDescription, ProviderAccountRef } from "../credential/credential.ts";
import { sharedField } from "../delivery/shared-field.ts";
import { type Delivery, deliver, eventOf } from "../delivery/subscription.ts";
import { providerNameText } from "../input.ts";
import { readsDatabase } from "../limits/field-cost.ts";
import { encodeNodeId } from "../node-id.ts";
import { ProviderRef } from "../provider.ts";

type CredentialStreamEvent = Extract<StreamEvent, { type: (typeof credentialEventTypes)[number] }>;

const credentialEventTypes = [
  "CredentialStored",
  "TokenExpiring",
  "TokenExpired",
  "TokenRefreshed",
  "TokenRefreshFailed",
  "ReauthenticationRequired",
  "CredentialRevoked",
] as const;

export const EventRef = builder.interfaceRef<StreamEvent>("Event").implement({
  description: "A change to a user's credentials or sessions.",
  resolveType: (event) => event.type,
  fields: (t) => ({
    cursor: t.string({
      description:
        "The event's position in the user's stream. Subscribe with `after:` and this cursor to continue from here.",
      resolve: (event) => encodeCursor(event),
    }),
    occurredAt: t.expose("occurredAt", { type: "DateTime", description: "When the event was committed." }),
  }),
});

const CredentialEventRef = builder.interfaceRef<CredentialStreamEvent>("CredentialEvent").implement({
  description: "A change to a credential.",
  interfaces: [EventRef],
  resolveType: (event) => event.type,
  fields: (t) => ({
    credentialId: t.id({
      description: "The credential's ID, also after it was deleted.",
      resolve: ({ body }) => encodeNodeId("Credential", body.credentialId),
    }),
    provider: t.field({
      type: ProviderRef,
      description: "The credential's provider.",
      resolve: ({ body }, _args, { registry }) => registry.ofStored(body.provider),
    }),
    method: t.field({
      type: AuthMethodEnum,
      description: "How the credential was obtained.",
      resolve: ({ body }) => body.method,
    }),
    label: t.string({ description: "The credential's label.", resolve: ({ body }) => body.label }),
    credential: t.field({
      type: CredentialRef,
      extensions: readsDatabase,
      nullable: true,
      description: "The credential at the moment of delivery; null if it has been deleted.",
      resolve: ({ userId, body }, _args, { coordinator }) => coordinator.findCredential(userId, body.credentialId),
    }),
  }),
});

const interfaces = [EventRef, CredentialEventRef];

type EventOf<Type extends StreamEvent["type"]> = Extract<StreamEvent, { type: Type }>;

builder.objectRef<EventOf<"CredentialStored">>("CredentialStored").implement({
  description: "A credential was connected, or replaced by a new one.",
  interfaces,
  fields: (t) => ({
    previousAccount: t.field({
      type: ProviderAccountRef,
      nullable: true,
      description: previousAccountDescription,
      resolve: ({ body }) => body.previousAccount ?? null,
    }),
  }),
});

builder.objectRef<EventOf<"TokenExpiring">>("TokenExpiring").implement({
  description:
    "A credential expires soon, and the server will not refresh it or has failed to. There is no such event for a credential that is refreshed in time.",
  interfaces,
  fields: (t) => ({
    expiresAt: t.field({
      type: "DateTime",
      description: "When the token expires.",
      resolve: ({ body }) => new Date(body.expiresAt),
    }),
  }),
});

builder.objectRef<EventOf<"TokenExpired">>("TokenExpired").implement({
  description: "A credential has expired. Its `statusReason` says whether the server continues to retry the refresh.",
  interfaces,
});

builder.objectRef<EventOf<"TokenRefreshed">>("TokenRefreshed").implement({
  description: "The server has refreshed a credential's tokens.",
  interfaces,
  fields: (t) => ({
    expiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the new token expires; null if the provider does not say.",
      resolve: ({ body }) => (body.expiresAt === null ? null : new Date(body.expiresAt)),
    }),
  }),
});

builder.objectRef<EventOf<"TokenRefreshFailed">>("TokenRefreshFailed").implement({
  description: "A refresh failed. The stored tokens stay as they were, and the server retries.",
  interfaces,
  fields: (t) => ({
    reason: t.string({ description: "Why the refresh failed.", resolve: ({ body }) => body.reason }),
    retryAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the server retries; null if it does not.",
      resolve: ({ body }) => (body.retryAt === null ? null : new Date(body.retryAt)),
    }),
  }),
});

builder.objectRef<EventOf<"CredentialRevoked">>("CredentialRevoked").implement({
  description: "A credential was deleted.",
  interfaces,
});

builder.objectRef<EventOf<"ReauthenticationRequired">>("ReauthenticationRequired").implement({
  description: "The provider no longer accepts a credential; its user must connect again.",
  interfaces,
  fields: (t) => ({
    reason: t.string({ description: "Why, and what to do next.", resolve: ({ body }) => body.reason }),
  }),
});

function isCredentialEvent(event: StreamEvent): event is CredentialStreamEvent {
  return (credentialEventTypes as readonly string[]).includes(event.type);
}

export const afterDescription =
  "Only events after this cursor, without a gap. If omitted: events from now on. A cursor older than the kept events gives the error code CURSOR_EXPIRED.";

builder.subscriptionFields((t) => ({
  events: t.field({
    type: EventRef,
    description:
      "All of the viewer's events, in order and without a gap after the given cursor. Session events require the scope `sessions`; a token without it gets only the others.",
    authScopes: { scope: "credentials:read" },
    extensions: sharedField,
    args: { after: t.arg.string({ description: afterDescription }) },
    subscribe: (_root, { after }, context) => {
      const seesSessions = context.caller.scopes.has("sessions");
      return deliver(context, after ?? null, (event): event is StreamEvent => seesSessions || isCredentialEvent(event));
    },
    resolve: (delivery: Delivery) => eventOf(delivery),
  }),
  credentialEvents: t.field({
    type: CredentialEventRef,
    description: "The viewer's credential events.",
    authScopes: { scope: "credentials:read" },
    extensions: sharedField,
    args: {
      after: t.arg.string({ description: afterDescription }),
      provider: t.arg.string({ description: "Only this provider.", validate: { schema: providerNameText } }),
    },
    subscribe: (_root, { after, provider }, context) =>
      deliver(
        context,
        after ?? null,
        (event): event is CredentialStreamEvent =>
          isCredentialEvent(event) && (provider == null || event.body.provider === provider),
      ),
    resolve: (delivery: Delivery<CredentialStreamEvent>) => eventOf(delivery),
  }),
}));
