import type { ProviderAuth, ProviderMethod } from "../providers/provider-auth.ts";
import type { ProviderHealth } from "../providers/provider-health.ts";
import { builder } from "./builder.ts";
import { AuthMethodEnum } from "./credential/auth-method.ts";
import { listsCatalog } from "./limits/field-cost.ts";

export const OAuthFlowKindEnum = builder.enumType("OAuthFlowKind", {
  description: "How a user's consent comes back to this server.",
  values: {
    REDIRECT: { value: "redirect", description: "The provider redirects the browser to this server's callback." },
    LOOPBACK: {
      value: "loopback",
      description:
        "The provider redirects to a loopback address on the user's machine; the user can also paste that URL.",
    },
    PASTE: { value: "paste", description: "The provider shows a code that the user pastes." },
    DEVICE: { value: "device", description: "RFC 8628: the user enters a short code on another device." },
  } as const,
});

const MethodPolicyEnum = builder.enumType("MethodPolicy", {
  description: "What the provider's terms say about a method, at the date of the catalogue entry.",
  values: {
    SUPPORTED: { value: "supported", description: "Allowed for any application." },
    OPERATOR_ONLY: { value: "operator_only", description: "Allowed with the operator's own registration only." },
    PROHIBITED: { value: "prohibited", description: "Prohibited without the provider's approval." },
  } as const,
});

const ProviderMethodRef = builder.objectRef<ProviderMethod>("ProviderMethod").implement({
  description: "A way to connect a provider.",
  fields: (t) => ({
    method: t.expose("method", { type: AuthMethodEnum, description: "The method." }),
    available: t.exposeBoolean("available", { description: "Whether the method is configured on this server." }),
    unavailableReason: t.exposeString("unavailableReason", {
      nullable: true,
      description: "Why the method is not available, and what the operator can do; null while available.",
    }),
    flows: t.field({
      type: [OAuthFlowKindEnum],
      description: "The OAuth flows that work; empty for API_KEY.",
      resolve: (method) => [...method.flows],
    }),
    policy: t.expose("policy", {
      type: MethodPolicyEnum,
      description: "What the provider's terms say about the method.",
    }),
    policyNote: t.exposeString("policyNote", { nullable: true, description: "The terms in one sentence." }),
    policyUrl: t.exposeString("policyUrl", { nullable: true, description: "The address of the terms." }),
  }),
});

const ProviderHealthStatusEnum = builder.enumType("ProviderHealthStatus", {
  description: "Whether a provider responds.",
  values: {
    UNKNOWN: { value: "unknown", description: "The provider has not been called since the server started." },
    HEALTHY: { value: "healthy", description: "The provider responded to the last call." },
    DEGRADED: { value: "degraded", description: "The last call failed, or `complaint` says what is wrong." },
    DOWN: { value: "down", description: "At least the last three calls failed." },
  } as const,
});

const ProviderHealthRef = builder.objectRef<ProviderHealth>("ProviderHealth").implement({
  description: "How a provider responded to this server's calls.",
  fields: (t) => ({
    status: t.expose("status", { type: ProviderHealthStatusEnum, description: "The provider's status." }),
    complaint: t.exposeString("complaint", {
      nullable: true,
      description:
        "What is wrong although the provider responds, and what the operator must do. For example, it refuses this server's OAuth client. Null if nothing of the kind is known.",
    }),
    since: t.expose("since", {
      type: "DateTime",
      nullable: true,
      description: "When the provider got this status; null while UNKNOWN.",
    }),
    lastCheckedAt: t.expose("lastCheckedAt", {
      type: "DateTime",
      nullable: true,
      description: "When the provider was last called; null while UNKNOWN.",
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
    displayName: t.exposeString("displayName", { description: "The name to show to users." }),
    methods: t.field({
      type: [ProviderMethodRef],
      extensions: { listSize: 2 },
      description: "The ways to connect the provider.",
      resolve: (provider) => [...provider.getAvailableMethods()],
    }),
    health: t.expose("health", { type: ProviderHealthRef, description: "Whether the provider responds." }),
    documentationUrl: t.exposeString("documentationUrl", { nullable: true, description: "The vendor's own page." }),
  }),
});

builder.queryFields((t) => ({
  providers: t.field({
    type: [ProviderRef],
    extensions: listsCatalog,
    description: "All providers, sorted by name.",
    authScopes: { authenticated: true },
    resolve: (_root, _args, { registry }) => registry.list(),
  }),
  provider: t.field({
    type: ProviderRef,
    nullable: true,
    description: "A provider; null if there is none with this name.",
    authScopes: { authenticated: true },
    args: { name: t.arg.string({ required: true, description: "The provider's name, such as `anthropic`." }) },
    resolve: (_root, { name }, { registry }) => registry.find(name),
  }),
}));
