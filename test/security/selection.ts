import {
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from "graphql";

/** What a selection is made with. */
interface Surroundings {
  readonly schema: GraphQLSchema;
  /** Objects below this one that are still entered. */
  readonly depth: number;
  /** The types that the way here has led through: none is entered twice. */
  readonly above: readonly string[];
}

/**
 * Two fields of one name in one selection must have the same type (GraphQL, section 5.3.2); a later one gets another
 * name.
 */
function responseName(field: GraphQLField<unknown, unknown>, owner: string, taken: Map<string, string>): string {
  const type = String(field.type);
  if ((taken.get(field.name) ?? type) !== type) return `${owner}_${field.name}: ${field.name}`;
  taken.set(field.name, type);
  return field.name;
}

function fieldsOf(type: GraphQLObjectType, around: Surroundings, taken: Map<string, string>): string[] {
  return Object.values(type.getFields()).flatMap((field) => {
    if (field.args.some(isRequiredArgument)) return [];
    const inner = selectionOf(field.type, { ...around, depth: around.depth - 1, above: [...around.above, type.name] });
    return inner === null ? [] : [`${responseName(field, type.name, taken)}${inner}`];
  });
}

/**
 * All that can be read of a type without required arguments, so many objects deep: the empty text for a leaf, null for
 * what lies too deep or would turn in a circle.
 */
export function selectionOf(output: GraphQLOutputType, around: Surroundings): string | null {
  const type = getNamedType(getNullableType(output));
  if (isLeafType(type)) return "";
  if (around.depth === 0 || around.above.includes(type.name)) return null;
  const taken = new Map<string, string>();
  if (isObjectType(type)) return ` { __typename ${fieldsOf(type, around, taken).join(" ")} }`;
  if (!isAbstractType(type)) return null;
  const fragments = around.schema.getPossibleTypes(type).map((possible) => {
    const fields = fieldsOf(possible, around, taken);
    return fields.length === 0 ? "" : `... on ${possible.name} { ${fields.join(" ")} }`;
  });
  return ` { __typename ${fragments.join(" ")} }`;
}
