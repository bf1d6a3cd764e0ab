import SchemaBuilder from "@pothos/core";
import ErrorsPlugin from "@pothos/plugin-errors";
import RelayPlugin from "@pothos/plugin-relay";
import ScopeAuthPlugin, { type AuthFailure } from "@pothos/plugin-scope-auth";
import ZodPlugin from "@pothos/plugin-zod";
import { GraphQLError } from "graphql";
import type { ZodError } from "zod";
import { type CallerError, forbidden } from "../callers/caller.ts";
import type { Scope } from "../callers/scope.ts";
import type { StepUp } from "../callers/step-up.ts";
import { ValidationError } from "../errors/auth-error.ts";
import type { GraphQLContext } from "./context.ts";
import credentialScopePlugin from "./credential/credential-scope-plugin.ts";
import { readsDatabase } from "./limits/field-cost.ts";
import rateLimitPlugin from "./limits/rate-limit-plugin.ts";
import { decodeNodeId } from "./node-id.ts";

export interface SchemaTypes {
  Context: GraphQLContext;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  AuthScopes: { authenticated: boolean; scope: Scope; stepUp: true };
  Scalars: { DateTime: { Input: Date; Output: Date } };
}

/** The messages are ours or zod's, and zod's never repeat a value. */
function toValidationError(error: ZodError): ValidationError {
  return new ValidationError(error.issues.map(({ path, message }) => ({ path: path.map(String), message })));
}

export const builder = new SchemaBuilder<SchemaTypes>({
  // The order matters: errors sees what the others throw, and zod runs after authorization.
  plugins: [ErrorsPlugin, rateLimitPlugin, ScopeAuthPlugin, credentialScopePlugin, RelayPlugin, ZodPlugin],
  defaultFieldNullability: false,
  errors: { directResult: true },
  zod: { validationError: toValidationError },
  scopeAuth: {
    authorizeOnSubscribe: true,
    authScopes: ({ caller, stepUp }) => ({
      authenticated: true,
      scope: (scope) => caller.scopes.has(scope),
      stepUp: () => stepUp.isMetBy(caller),
    }),
    unauthorizedError: (_parent, { stepUp }, _info, { failure }) => explainFailure(failure, stepUp) ?? "Not allowed.",
  },
  relay: {
    clientMutationId: "omit",
    cursorType: "String",
    decodeGlobalID: (globalId) => decodeKnownNode(globalId),
    idFieldOptions: { description: "An opaque ID for `node(id:)`." },
    nodesOnConnection: { description: "The page's objects without their cursors." },
    edgesFieldOptions: {
      nullable: { list: false, items: false },
      description: "The page's objects with their cursors.",
    },
    nodeFieldOptions: { nullable: false, description: "The object itself." },
    cursorFieldOptions: { description: "The position in the whole list, for `after` and `before`." },
    pageInfoFieldOptions: { description: "The page's position in the whole list." },
    nodeTypeOptions: { description: "An object that can be read by its ID." },
    pageInfoTypeOptions: { description: "A page's position in the whole list (Relay cursor connections)." },
    hasNextPageFieldOptions: { description: "Whether there are more objects after `endCursor`." },
    hasPreviousPageFieldOptions: { description: "Whether there are more objects before `startCursor`." },
    startCursorFieldOptions: { description: "The cursor of the page's first object, for `before`." },
    endCursorFieldOptions: { description: "The cursor of the page's last object, for `after`." },
    firstArgOptions: { description: "The number of objects from the start, at most 100." },
    lastArgOptions: { description: "The number of objects from the end, at most 100." },
    afterArgOptions: { description: "Only objects after this cursor." },
    beforeArgOptions: { description: "Only objects before this cursor." },
    nodeQueryOptions: {
      extensions: readsDatabase,
      description: "Reads an object by its ID; null if there is none that the caller may read.",
      nullable: true,
      authScopes: { authenticated: true },
      args: { id: { description: "An ID from this API." } },
      resolve: (_root, { id }, { caller, accesses }, _info, resolveNode) => {
        accesses.read(caller);
        return resolveNode(id);
      },
    },
    nodesQueryOptions: {
      extensions: readsDatabase,
      description: "Reads at most 100 objects by their IDs, in order; null for each that cannot be read.",
      nullable: { list: false, items: true },
      authScopes: { authenticated: true },
      args: { ids: { description: "IDs from this API." } },
      resolve: async (_root, { ids }, { caller, accesses }, _info, resolveNodes) => {
        accesses.read(caller);
        if (ids.length > 100) throw new ValidationError([{ path: ["ids"], message: "must be at most 100 ids" }]);
        return resolveNodes(ids);
      },
    },
  },
});

/** The failure names the scope, inside the combination that it stands in. */
function explainFailure(failure: AuthFailure, stepUp: StepUp): CallerError | null {
  if ("failures" in failure) {
    return failure.failures.map((part) => explainFailure(part, stepUp)).find((error) => error !== null) ?? null;
  }
  if (!("parameter" in failure)) return null;
  return failure.scope === "stepUp" ? stepUp.refusal() : forbidden(failure.parameter as Scope);
}

const nodeTypes = new Set(["User", "Provider", "Credential", "OAuthFlow", "Session"]);

/** Stands for every id that this API never gave: the plugin cannot read a type that it does not know. */
const nobody = { typename: "Provider", id: "" };

function decodeKnownNode(globalId: string): { typename: string; id: string } {
  const node = decodeNodeId(globalId);
  return nodeTypes.has(node.typename) ? node : nobody;
}

builder.queryType({ description: "Operations that read." });
builder.mutationType({
  description:
    "Operations that change something. Most return a union of a payload and the errors that can be expected.",
});
builder.subscriptionType({ description: "Streams of events, over WebSocket (graphql-transport-ws) or SSE." });

builder.scalarType("DateTime", {
  description: "An RFC 3339 date-time in UTC.",
  specifiedByURL: "https://scalars.graphql.org/andimarek/date-time.html",
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const date = typeof value === "string" && /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d/.test(value) ? new Date(value) : null;
    // With an offset a time may still be in the year 0 or 10000, which PostgreSQL does not read.
    const year = date?.getUTCFullYear() ?? 0;
    // A GraphQLError is the client's fault; any other would count as one of the server's.
    if (date === null || !(year >= 1 && year <= 9999)) throw new GraphQLError("Expected an RFC 3339 date-time.");
    return date;
  },
});
