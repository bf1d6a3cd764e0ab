import type { ProviderAuth, ProviderMethod } from "../providers/provider-auth.ts";
import type { ProviderHealth } from "../providers/provider-health.ts";
import { AuthMethodEnum } from "./auth-method.ts";
import { builder } from "./builder.ts";
import { listsCatalog } from "./limits/field-cost.ts";

export const OAuthFlowKindEnum = builder.enumType("OAuthFlowKind", {
  description: "How a user's consent comes back to this server.",
  values: {
    REDIRECT: { value: "redirect", description: "The provider redirects the browser to this server's callback." },
    LOOPBACK: {
      value: "loopback",
      description: "The provider redirects to a loopback address on the user's machine; the user may paste that URL.",
    },
    PASTE: { value: "paste", description: "The provider shows a code that the user pastes." },
    DEVICE: { value: "device", description: "RFC 8628: the user enters a short code on another device." },
  } as const,
});

const MethodPolicyEnum = builder.enumType("MethodPolicy", {
  description: "What the provider's own terms say about a method, as of the catalogue entry's date.",
  values: {
    SUPPORTED: { value: "supported", description: "Open to any application." },
    OPERATOR_ONLY: { value: "operator_only", description: "Only with a registration of the operator's own." },
    PROHIBITED: { value: "prohibited", description: "Not without the provider's approval." },
  } as const,
});

const ProviderMethodRef = builder.objectRef<ProviderMethod>("ProviderMethod").implement({
  description: "One way to connect a provider.",
  fields: (t) => ({
    method: t.expose("method", { type: AuthMethodEnum, description: "Which way." }),
    available: t.exposeBoolean("available", { description: "Whether it is configured on this server." }),
    unavailableReason: t.exposeString("unavailableReason", {
      nullable: true,
      description: "Why not, and what the operator can do; null while available.",
    }),
    flows: t.field({
      type: [OAuthFlowKindEnum],
      description: "The OAuth flows that work; empty for API_KEY.",
      resolve: (method) => [...method.flows],
    }),
    policy: t.expose("policy", { type: MethodPolicyEnum, description: "What the provider's terms say of it." }),
    policyNote: t.exposeString("policyNote", { nullable: true, description: "The terms in a sentence." }),
    policyUrl: t.exposeString("policyUrl", { nullable: true, description: "Where the terms stand." }),
  }),
});

const ProviderHealthStatusEnum = builder.enumType("ProviderHealthStatus", {
  description: "Whether a provider answers.",
  values: {
    UNKNOWN: { value: "unknown", description: "It has not been called since the server started." },
    HEALTHY: { value: "healthy", description: "It answered its last call." },
    DEGRADED: { value: "degraded", description: "Its last call failed, or `complaint` says what is wrong." },
    DOWN: { value: "down", description: "Its last three calls or more failed." },
  } as const,
});

const ProviderHealthRef = builder.objectRef<ProviderHealth>("ProviderHealth").implement({
  description: "How a provider answered this server's own calls.",
  fields: (t) => ({
    status: t.expose("status", { type: ProviderHealthStatusEnum, description: "The judgement." }),
    complaint: t.exposeString("complaint", {
      nullable: true,
      description:
        "What is wrong though the provider answers, and what the operator has to do: it refuses this server's own OAuth client, say. Null where nothing of the kind is known.",
    }),
    since: t.expose("since", { type: "DateTime", nullable: true, description: "Since when; null while UNKNOWN." }),
    lastCheckedAt: t.expose("lastCheckedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was last called; null while UNKNOWN.",
    }),
  }),
});

export const ProviderRef = builder.objectRef<ProviderAuth>("Provider");

builder.node(ProviderRef, {
  description: "An LLM vendor that users can connect.",
  id: { resolve: (provider) => provider.name },
  loadWithoutCache: (name, { registry }) => registry.find(name),
  isTypeOf: (value) => typeof value === "object" && value !== null && "getAvailableMethods" in value,
  fields: (t) => ({
    name: t.exposeString("name", { description: "The name used in inputs, such as `anthropic`." }),
    displayName: t.exposeString("displayName", { description: "The name for people." }),
    methods: t.field({
      type: [ProviderMethodRef],
      extensions: { listSize: 2 },
      description: "The ways to connect it.",
      resolve: (provider) => [...provider.getAvailableMethods()],
    }),
    health: t.expose("health", { type: ProviderHealthRef, description: "Whether it answers." }),
    documentationUrl: t.exposeString("documentationUrl", { nullable: true, description: "The vendor's own page." }),
  }),
});

builder.queryFields((t) => ({
  providers: t.field({
    type: [ProviderRef],
    extensions: listsCatalog,
    description: "The catalogue, by name.",
    authScopes: { authenticated: true },
    resolve: (_root, _args, { registry }) => registry.list(),
  }),
  provider: t.field({
    type: ProviderRef,
    nullable: true,
    description: "One provider of the catalogue; null when there is none of this name.",
    authScopes: { authenticated: true },
    args: { name: t.arg.string({ required: true, description: "Such as `anthropic`." }) },
    resolve: (_root, { name }, { registry }) => registry.find(name),
  }),
}));
