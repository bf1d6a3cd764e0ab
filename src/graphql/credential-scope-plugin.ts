import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import {
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";
import { forbidden } from "../callers/caller.ts";
import type { GraphQLContext } from "./context.ts";

const name = "credentialScope" as const;

/** What is told of a credential without `credentials:read`: whoever has just stored or used one may name it. */
const openFields = new Set(["id", "__typename"]);

/** Whether an operation asks for more of a credential than anybody may know. It is looked up once for each document. */
const asks = new WeakMap<OperationDefinitionNode, boolean>();

function asksForCredentials({ schema, operation, fragments }: GraphQLResolveInfo): boolean {
  const known = asks.get(operation);
  if (known !== undefined) return known;
  let found = false;
  const types = new TypeInfo(schema);
  const look = visitWithTypeInfo(types, {
    Field: (field) => {
      found ||= types.getParentType()?.name === "Credential" && !openFields.has(field.name.value);
    },
  });
  for (const node of [operation, ...Object.values(fragments)]) visit(node!, look);
  asks.set(operation, found);
  return found;
}

function assertMayRead({ caller }: GraphQLContext): void {
  if (!caller.scopes.has("credentials:read")) throw forbidden("credentials:read");
}

/**
 * The scope `credentials:read` belongs to the type: whatever field leads to a credential, what is known of it needs the
 * scope. A mutation that asks for it in vain is refused before it changes anything.
 */
class CredentialScopePlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    { parentType, name: field }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    if (parentType === "Mutation") {
      return (parent, args, context, info) => {
        if (asksForCredentials(info)) assertMayRead(context as GraphQLContext);
        return resolve(parent, args, context, info);
      };
    }
    if (parentType !== "Credential" || openFields.has(field)) return resolve;
    return (parent, args, context, info) => {
      assertMayRead(context as GraphQLContext);
      return resolve(parent, args, context, info);
    };
  }
}

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      [name]: CredentialScopePlugin<Types>;
    }
  }
}

SchemaBuilder.registerPlugin(name, CredentialScopePlugin);

export default name;
