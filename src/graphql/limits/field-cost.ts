import { type GraphQLField, type GraphQLNamedType, isIntrospectionType } from "graphql";

/** What a field's definition may say of its cost, among its `extensions`. */
export interface CostExtensions {
  /** What the field itself costs, for each object on which it is asked. */
  readonly cost?: number;
  /** How many objects its list has, about; for lists that no argument bounds. */
  readonly listSize?: number;
}

/** For `extensions` of a field that asks the database on its own. */
export const readsDatabase = { cost: 25 } as const satisfies CostExtensions;

/** For `extensions` of a field that lists the catalogue of providers. */
export const listsCatalog = { listSize: 5 } as const satisfies CostExtensions;

/** What nobody has said a size of. */
const usualListSize = 10;

/** The lists of an introspection are long, and none of them has a size that a document tells. */
const introspectionCost = 20;

type Field = GraphQLField<unknown, unknown>;

function extensionsOf(field: Field): CostExtensions {
  return field.extensions;
}

/** Whether a field has pages, of `first` or `last` objects. */
export function isPaged({ args }: Field): boolean {
  return args.some(({ name }) => name === "first") && args.some(({ name }) => name === "last");
}

/** Fields of the type system, and those that lead there. */
export function isIntrospection(field: Field, parent: GraphQLNamedType): boolean {
  return isIntrospectionType(parent) || field.name === "__schema" || field.name === "__type";
}

/** What a field costs without what is selected in it. */
export function ownCost(field: Field, parent: GraphQLNamedType): number {
  if (isIntrospection(field, parent)) return introspectionCost;
  const isCommand = parent.name === "Mutation" || parent.name === "Subscription";
  return extensionsOf(field).cost ?? (isPaged(field) || isCommand ? readsDatabase.cost : 1);
}

/** How many objects a list has that is neither a page nor asked for by ids. */
export function assumedListSize(field: Field): number {
  return extensionsOf(field).listSize ?? usualListSize;
}
