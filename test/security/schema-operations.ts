import {
  getNamedType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
} from "graphql";
import { selectionOf } from "./selection.ts";

export type RootKind = "query" | "mutation" | "subscription";

/** A place in an operation's arguments where a text, a number, a date or an enum's value stands. */
export interface Position {
  /** From the variable's name on, as `["input", "credential", "apiKey"]`. */
  readonly path: readonly string[];
  readonly type: GraphQLLeafType;
  /** Whether the place may be left empty. */
  readonly optional: boolean;
  /** Whether values stand in a list there. */
  readonly list: boolean;
}

/** Gives a value to a position; undefined leaves it out. */
export type Choose = (position: Position) => unknown;

/** A field of the schema that takes arguments, or a root field, and the shortest way to ask for all that it has. */
export interface SchemaOperation {
  /** Such as `User.session`. */
  readonly coordinate: string;
  /** The root field that the way begins with. */
  readonly root: string;
  readonly kind: RootKind;
  readonly query: string;
  readonly positions: readonly Position[];
  /**
   * The variables with a chosen value at each position. Of a `@oneOf` input the branch that leads to `aim`, else the
   * first.
   */
  variables(choose: Choose, aim?: Position): Record<string, unknown>;
}

type Input = Pick<GraphQLInputField, "name" | "type">;
type Step = GraphQLField<unknown, unknown>;

/** Objects that a selection enters below the field. */
const selectionDepth = 3;

function isListOf(type: GraphQLInputType): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type);
}

function positionsOf({ type, name }: Input, path: readonly string[]): Position[] {
  const named = getNamedType(type);
  const here = [...path, name];
  if (isInputObjectType(named)) {
    return Object.values(named.getFields()).flatMap((field) => positionsOf(field, here));
  }
  if (!isLeafType(named)) return [];
  return [{ path: here, type: named, optional: !isNonNullType(type), list: isListOf(type) }];
}

function valueOf(
  input: Input,
  path: readonly string[],
  choose: Choose,
  aim: Position | undefined,
  isBranch = false,
): unknown {
  const named = getNamedType(input.type);
  const here = [...path, input.name];
  if (!isInputObjectType(named)) return choose(positionsOf(input, path)[0]!);
  const isAimed = here.every((name, index) => aim?.path[index] === name);
  if (!isNonNullType(input.type) && !isAimed && !isBranch) return undefined;
  const fields = Object.values(named.getFields());
  const aimed = isAimed ? fields.find(({ name }) => name === aim!.path[here.length]) : undefined;
  const wanted = named.isOneOf ? [aimed ?? fields[0]!] : fields;
  const entries = wanted.map((field) => [field.name, valueOf(field, here, choose, aim, named.isOneOf)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Arguments of several steps may have one name. */
function variableName(step: Step, argument: GraphQLArgument, steps: readonly Step[]): string {
  const isShared = steps.some((other) => other !== step && other.args.some(({ name }) => name === argument.name));
  return isShared ? `${step.name}_${argument.name}` : argument.name;
}

/** Writes the way from the root to a field, with a variable for every argument on it. */
function operation(schema: GraphQLSchema, kind: RootKind, coordinate: string, steps: readonly Step[]): SchemaOperation {
  const target = steps.at(-1)!;
  const inputs = steps.flatMap((step) =>
    step.args.map((argument): Input => ({ name: variableName(step, argument, steps), type: argument.type })),
  );
  const defined = inputs.map(({ name, type }) => `$${name}: ${String(type)}`).join(", ");
  const selection = selectionOf(target.type, { schema, depth: selectionDepth, above: [] }) ?? "";
  const body = steps.reduceRight((inner, step) => {
    const given = step.args.map((argument) => `${argument.name}: $${variableName(step, argument, steps)}`).join(", ");
    const call = `${step.name}${given === "" ? "" : `(${given})`}`;
    return step === target ? `${call}${selection}` : `${call} { ${inner} }`;
  }, "");
  return {
    coordinate,
    root: steps[0]!.name,
    kind,
    query: `${kind}${defined === "" ? "" : ` (${defined})`} { ${body} }`,
    positions: inputs.flatMap((input) => positionsOf(input, [])),
    variables: (choose, aim) => {
      const entries = inputs.map((input) => [input.name, valueOf(input, [], choose, aim)] as const);
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    },
  };
}

/** The fields with arguments below a root field, each by the first way that leads there. */
function nestedSteps(root: Step, seen: Set<string>): (readonly [coordinate: string, steps: readonly Step[]])[] {
  const found: (readonly [string, readonly Step[]])[] = [];
  const queue: (readonly [GraphQLObjectType, readonly Step[]])[] = [];
  const enter = (steps: readonly Step[]) => {
    const type = getNamedType(steps.at(-1)!.type);
    if (isObjectType(type) && !seen.has(type.name)) {
      seen.add(type.name);
      queue.push([type, steps]);
    }
  };
  enter([root]);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [type, steps] = next;
    for (const field of Object.values(type.getFields())) {
      if (field.args.length > 0) found.push([`${type.name}.${field.name}`, [...steps, field]]);
      enter([...steps, field]);
    }
  }
  return found;
}

/** Ways that need nothing are the shorter ones. */
function rootFields(type: GraphQLObjectType | null | undefined): Step[] {
  const needs = ({ args }: Step) => args.filter(isRequiredArgument).length;
  return Object.values(type?.getFields() ?? {}).toSorted((a, b) => needs(a) - needs(b));
}

/** An operation for every root field, and for every field below the queries that takes arguments. */
export function operationsOf(schema: GraphQLSchema): SchemaOperation[] {
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  const seen = new Set<string>();
  return Object.entries(roots).flatMap(([kind, type]) =>
    rootFields(type).flatMap((field) => {
      const nested = kind === "query" ? nestedSteps(field, seen) : [];
      const all = [[`${type!.name}.${field.name}`, [field]] as const, ...nested];
      return all.map(([coordinate, steps]) => operation(schema, kind as RootKind, coordinate, steps));
    }),
  );
}
