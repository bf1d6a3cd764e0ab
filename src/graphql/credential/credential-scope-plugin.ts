import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import {
  getNamedType,
  type GraphQLFieldResolver,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { forbidden } from "../../callers/caller.ts";
import type { GraphQLContext } from "../context.ts";

const name = "credentialScope" as const;

/** What is told of a credential without `credentials:read`: whoever has just stored or used it may name it. */
const openFields = new Set(["id", "provider", "method", "__typename"]);

/** Whether null can stand anywhere at a place of this type. */
function isNullable(type: GraphQLOutputType): boolean {
  if (!isNonNullType(type)) return true;
  return isListType(type.ofType) && isNullable(type.ofType.ofType);
}

function isError(type: GraphQLNamedType): boolean {
  return type.name === "Error" || (isObjectType(type) && type.getInterfaces().some(({ name }) => name === "Error"));
}

/**
 * Whether a selection asks for what needs the scope, at a place where no null can stand for it: the whole answer would
 * be lost. A refusal is left out: nothing has been done that its reader must hear of.
 */
function asksIn(set: SelectionSetNode, type: GraphQLNamedType, info: GraphQLResolveInfo): boolean {
  if (isError(type)) return false;
  return set.selections.some((selection) => {
    if (selection.kind === Kind.FIELD) {
      const field = selection.name.value;
      if (type.name === "Credential" && !openFields.has(field)) return true;
      const found = isObjectType(type) || isInterfaceType(type) ? type.getFields()[field] : undefined;
      if (found === undefined || selection.selectionSet === undefined || isNullable(found.type)) return false;
      return asksIn(selection.selectionSet, getNamedType(found.type), info);
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? info.fragments[selection.name.value] : selection;
    const condition = fragment?.typeCondition?.name.value;
    const inner = condition === undefined ? type : info.schema.getType(condition);
    return fragment !== undefined && inner != null && asksIn(fragment.selectionSet, inner, info);
  });
}

/** It is looked up once for each mutation of a document. */
const asks = new WeakMap<OperationDefinitionNode, Map<string, boolean>>();

function asksForCredentials(info: GraphQLResolveInfo): boolean {
  const known = asks.get(info.operation) ?? new Map<string, boolean>();
  asks.set(info.operation, known);
  const key = String(info.path.key);
  const found =
    known.get(key) ??
    info.fieldNodes.some(
      ({ selectionSet }) => selectionSet !== undefined && asksIn(selectionSet, getNamedType(info.returnType), info),
    );
  known.set(key, found);
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
