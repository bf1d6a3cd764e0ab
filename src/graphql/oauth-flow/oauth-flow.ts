import { forbidden } from "../../callers/caller.ts";
import { flowError, flowStatus, type OAuthFlow } from "../../connect/oauth/flow.ts";
import { OAuthStateError } from "../../errors/auth-error.ts";
import { builder } from "../builder.ts";
import { CredentialRef } from "../credential/credential.ts";
import { ErrorRef, errorValue } from "../errors/error.ts";
import { decodeUuidNodeId, isUuid } from "../node-id.ts";
import { OAuthFlowKindEnum, ProviderRef } from "../provider.ts";
import { deliverFlow } from "./flow-subscription.ts";

/** A flow, and what only the answer to `initiateOAuth` can tell of it. */
export interface OAuthFlowView {
  readonly flow: OAuthFlow;
  readonly state: string | null;
  readonly authorizationUrl: string | null;
}

export function viewOf(flow: OAuthFlow): OAuthFlowView {
  return { flow, state: null, authorizationUrl: null };
}

const OAuthFlowStatusEnum = builder.enumType("OAuthFlowStatus", {
  description: "The state of an OAuth flow.",
  values: {
    PENDING: { value: "pending", description: "The user has not decided yet, or the tokens have not arrived." },
    COMPLETED: { value: "completed", description: "The credential was stored." },
    DENIED: { value: "denied", description: "The user declined." },
    FAILED: { value: "failed", description: "The provider gave no tokens; `error` says what to do." },
    EXPIRED: { value: "expired", description: "The user did not decide in time." },
  } as const,
});

export const OAuthFlowRef = builder.objectRef<OAuthFlowView>("OAuthFlow");

builder.node(OAuthFlowRef, {
  description: "A user's attempt to connect a provider by OAuth.",
  id: { resolve: ({ flow }) => flow.id },
  loadWithoutCache: async (id, { caller, flowStore }) => {
    if (!caller.scopes.has("credentials:read")) throw forbidden("credentials:read");
    const flow = isUuid(id) ? await flowStore.find(caller.userId, id) : null;
    return flow === null ? null : viewOf(flow);
  },
  isTypeOf: (value) => typeof value === "object" && value !== null && "flow" in value && "authorizationUrl" in value,
  fields: (t) => ({
    provider: t.field({
      type: ProviderRef,
      description: "The provider to connect.",
      resolve: ({ flow }, _args, { registry }) => registry.ofStored(flow.provider),
    }),
    kind: t.field({
      type: OAuthFlowKindEnum,
      description: "How the consent comes back.",
      resolve: ({ flow }) => flow.kind,
    }),
    status: t.field({
      type: OAuthFlowStatusEnum,
      description: "The status at the moment of reading.",
      resolve: ({ flow }, _args, { clock }) => flowStatus(flow, clock.now()),
    }),
    authorizationUrl: t.exposeString("authorizationUrl", {
      nullable: true,
      description: "Where to send the user's browser. Returned once, by `initiateOAuth`; null for DEVICE.",
    }),
    redirectUri: t.string({
      nullable: true,
      description: "Where the provider redirects the browser; null for DEVICE.",
      resolve: ({ flow }) => flow.redirectUri ?? null,
    }),
    state: t.exposeString("state", {
      nullable: true,
      description:
        "The value that the provider returns with the code (RFC 6749, section 10.12). Returned once, by `initiateOAuth`.",
    }),
    userCode: t.string({
      nullable: true,
      description: "The code that the user enters at `verificationUri`; null except for DEVICE.",
      resolve: ({ flow }) => flow.userCode ?? null,
    }),
    verificationUri: t.string({
      nullable: true,
      description: "Where the user enters `userCode`; null except for DEVICE.",
      resolve: ({ flow }) => flow.verificationUri ?? null,
    }),
    expiresAt: t.field({
      type: "DateTime",
      description: "When the flow expires if the user does not decide.",
      resolve: ({ flow }) => flow.expiresAt,
    }),
    credential: t.field({
      type: CredentialRef,
      nullable: true,
      description: "The stored credential, once COMPLETED; null without the scope `credentials:read`.",
      resolve: ({ flow }, _args, { caller, coordinator }) =>
        flow.credentialId == null || !caller.scopes.has("credentials:read")
          ? null
          : coordinator.findCredential(flow.userId, flow.credentialId),
    }),
    error: t.field({
      type: ErrorRef,
      nullable: true,
      description: "Why there is no credential; set once DENIED, FAILED or EXPIRED.",
      resolve: ({ flow }, _args, { clock }) => {
        const error = flowError(flow, clock.now());
        return error === null ? null : errorValue(error);
      },
    }),
  }),
});

builder.subscriptionFields((t) => ({
  oauthFlow: t.field({
    type: OAuthFlowRef,
    description: "The flow now and after each change, until it ends.",
    authScopes: { scope: "credentials:read" },
    args: { id: t.arg.id({ required: true, description: "The `id` of one of the user's flows." }) },
    subscribe: async (_root, { id }, context) => {
      const rowId = decodeUuidNodeId("OAuthFlow", id);
      const flow = rowId === null ? null : await context.flowStore.find(context.caller.userId, rowId);
      if (flow === null) throw new OAuthStateError("There is no such OAuth flow.");
      return deliverFlow(context, flow);
    },
    resolve: (flow: OAuthFlow) => viewOf(flow),
  }),
}));
