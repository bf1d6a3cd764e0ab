import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  getNullableType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  isCompositeType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
  valueFromASTUntyped,
} from "graphql";
import { defaultPageSize, maxPageSize } from "../page.ts";
import { fragmentsOf } from "./document-shape.ts";
import { assumedListSize, isIntrospection, isPaged, ownCost } from "./field-cost.ts";
import { LimitError } from "./limit-error.ts";

export type Variables = Readonly<Record<string, unknown>>;

/** What an operation costs, and what it might. */
export interface Cost {
  readonly requested: number;
  readonly limit: number;
}

/** The variables that were sent, and for the others the defaults. They are not coerced: execution does that. */
function withDefaults({ variableDefinitions = [] }: OperationDefinitionNode, given: Variables): Variables {
  const defaults = variableDefinitions.map(({ variable, defaultValue }) => [
    variable.name.value,
    defaultValue === undefined ? undefined : valueFromASTUntyped(defaultValue),
  ]);
  return { ...(Object.fromEntries(defaults) as Variables), ...given };
}

/** Adds up one operation of a document that is valid. */
class CostWalk {
  readonly #schema: GraphQLSchema;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #variables: Variables;
  /** By the name of the fragment, and the page size where it is spread. */
  readonly #known = new Map<string, number>();
  /** Whether another set of variables may give another sum. */
  dependsOnVariables = false;

  constructor(schema: GraphQLSchema, document: DocumentNode, variables: Variables) {
    this.#schema = schema;
    this.#fragments = fragmentsOf(document);
    this.#variables = variables;
  }

  /** `pageSize` is how many objects the lists of a connection hold; null elsewhere. */
  ofSet(set: SelectionSetNode, parent: GraphQLCompositeType, pageSize: number | null): number {
    let total = 0;
    for (const selection of set.selections) {
      if (!this.#isLeftOut(selection)) total += this.#ofSelection(selection, parent, pageSize);
    }
    return total;
  }

  #ofSelection(selection: SelectionNode, parent: GraphQLCompositeType, pageSize: number | null): number {
    switch (selection.kind) {
      case Kind.FIELD:
        return this.#ofField(selection, parent, pageSize);
      case Kind.INLINE_FRAGMENT:
        return this.ofSet(selection.selectionSet, this.#type(selection.typeCondition?.name.value) ?? parent, pageSize);
      default:
        return this.#ofFragment(selection.name.value, pageSize);
    }
  }

  #ofFragment(name: string, pageSize: number | null): number {
    const key = `${name} ${pageSize}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const fragment = this.#fragments.get(name)!;
    const total = this.ofSet(fragment.selectionSet, this.#type(fragment.typeCondition.name.value)!, pageSize);
    this.#known.set(key, total);
    return total;
  }

  #ofField(node: FieldNode, parent: GraphQLCompositeType, pageSize: number | null): number {
    const field = this.#schema.getField(parent, node.name.value)!;
    const own = ownCost(field, parent);
    const type = getNamedType(field.type);
    if (node.selectionSet === undefined || !isCompositeType(type)) return own;
    const objects = isIntrospection(field, parent) ? 1 : this.#objects(node, field, pageSize);
    return own + objects * this.ofSet(node.selectionSet, type, isPaged(field) ? this.#pageSize(node) : null);
  }

  /** How many objects a field gives, at most or about. */
  #objects(node: FieldNode, field: GraphQLField<unknown, unknown>, pageSize: number | null): number {
    if (!isListType(getNullableType(field.type))) return 1;
    if (pageSize !== null) return pageSize;
    const ids = this.#argument(node, "ids");
    if (ids !== undefined) return Array.isArray(ids) ? ids.length : 1;
    return assumedListSize(field);
  }

  #pageSize(node: FieldNode): number {
    const sizes = [this.#argument(node, "first"), this.#argument(node, "last")].filter((size) => size != null);
    if (sizes.length === 0) return defaultPageSize;
    // Another size, or none at all, is refused where it is read: whatever stands in its place may be of any kind.
    const largest = Math.max(...sizes.map((size) => (typeof size === "number" ? size : 0)));
    return Math.min(Math.max(largest || 0, 0), maxPageSize);
  }

  #isLeftOut({ directives = [] }: SelectionNode): boolean {
    return directives.some(
      (directive) =>
        (directive.name.value === "skip" && this.#argument(directive, "if") === true) ||
        (directive.name.value === "include" && this.#argument(directive, "if") === false),
    );
  }

  #argument({ arguments: args = [] }: FieldNode | DirectiveNode, name: string): unknown {
    const node = args.find((argument) => argument.name.value === name)?.value;
    return node === undefined ? undefined : this.#value(node);
  }

  #value(node: ValueNode): unknown {
    if (node.kind !== Kind.VARIABLE) return valueFromASTUntyped(node, this.#variables);
    this.dependsOnVariables = true;
    const { value } = node.name;
    return Object.hasOwn(this.#variables, value) ? this.#variables[value] : undefined;
  }

  #type(name: string | undefined): GraphQLCompositeType | undefined {
    return name === undefined ? undefined : (this.#schema.getType(name) as GraphQLCompositeType);
  }
}

/**
 * What operations cost: one for each field of each object that an answer may have, and 25 for a field that asks the
 * database. docs/decisions/0011-limits-of-a-document.md has the formula.
 */
export class OperationCosts {
  readonly #schema: GraphQLSchema;
  readonly #limit: number;
  /** Of operations that cost the same with all variables. */
  readonly #fixed = new WeakMap<OperationDefinitionNode, number>();

  constructor(schema: GraphQLSchema, limit: number) {
    this.#schema = schema;
    this.#limit = limit;
  }

  /** For an operation of a document that is valid. @throws LimitError if it costs more than is allowed. */
  charge(document: DocumentNode, operation: OperationDefinitionNode, variables: Variables = {}): Cost {
    const cost = this.#fixed.get(operation) ?? this.#measure(document, operation, variables);
    const numbers = { requested: Math.min(cost, Number.MAX_SAFE_INTEGER), limit: this.#limit };
    if (numbers.requested <= numbers.limit) return numbers;
    const message = `The operation costs ${numbers.requested}; the limit is ${numbers.limit}. Request smaller pages (\`first\`) or fewer fields.`;
    throw new LimitError("cost", message, numbers);
  }

  #measure(document: DocumentNode, operation: OperationDefinitionNode, given: Variables): number {
    const walk = new CostWalk(this.#schema, document, withDefaults(operation, given));
    const root = this.#schema.getRootType(operation.operation)!;
    const cost = walk.ofSet(operation.selectionSet, root, null);
    if (!walk.dependsOnVariables) this.#fixed.set(operation, cost);
    return cost;
  }
}
