import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode, visit } from "graphql";
import type { DocumentLimits } from "./document-limits.ts";
import { LimitError } from "./limit-error.ts";

/** What can be counted in a document without knowing the schema. */
export type DocumentShape = Pick<DocumentLimits, "depth" | "aliases" | "rootFields" | "directives">;

/** The fragments of a document by their names. */
export function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}

/**
 * Walks over selections and into fragments. Each fragment is measured once, however often it is spread; where fragments
 * spread each other in a circle, which GraphQL's own rules refuse afterwards, the second turn counts nothing.
 */
class SelectionMeter {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #ofField: (below: number) => number;
  readonly #join: (one: number, other: number) => number;
  readonly #known = new Map<string, number>();

  constructor(
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    rule: { readonly ofField: (below: number) => number; readonly join: (one: number, other: number) => number },
  ) {
    this.#fragments = fragments;
    this.#ofField = rule.ofField;
    this.#join = rule.join;
  }

  measure(set: SelectionSetNode | undefined): number {
    let total = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) total = this.#join(total, this.#ofField(this.measure(selection.selectionSet)));
      else if (selection.kind === Kind.INLINE_FRAGMENT) total = this.#join(total, this.measure(selection.selectionSet));
      else total = this.#join(total, this.#measureFragment(selection.name.value));
    }
    return total;
  }

  #measureFragment(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    this.#known.set(name, 0);
    const total = this.measure(this.#fragments.get(name)?.selectionSet);
    this.#known.set(name, total);
    return total;
  }
}

/** Works on documents that nothing has validated, in time that grows with their length and no faster. */
export function measureShape(document: DocumentNode): DocumentShape {
  const fragments = fragmentsOf(document);
  const depths = new SelectionMeter(fragments, { ofField: (below) => below + 1, join: Math.max });
  const fields = new SelectionMeter(fragments, { ofField: () => 1, join: (one, other) => one + other });
  const shape = { depth: 0, aliases: 0, rootFields: 0, directives: 0 };
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    shape.depth = Math.max(shape.depth, depths.measure(definition.selectionSet));
    shape.rootFields = Math.max(shape.rootFields, fields.measure(definition.selectionSet));
  }
  visit(document, {
    Field: ({ alias }) => void (shape.aliases += alias === undefined ? 0 : 1),
    Directive: () => void (shape.directives += 1),
  });
  return shape;
}

const sentences: Record<keyof DocumentShape, (requested: number, limit: number) => string> = {
  depth: (requested, limit) =>
    `The document nests fields ${requested} deep; the limit is ${limit}. Request deeper objects by their ID.`,
  aliases: (requested, limit) =>
    `The document has ${requested} aliases; the limit is ${limit}. Send several operations instead.`,
  rootFields: (requested, limit) =>
    `An operation of the document has ${requested} root fields; the limit is ${limit}. Send several operations instead.`,
  directives: (requested, limit) => `The document has ${requested} directives; the limit is ${limit}. Leave some out.`,
};

/** @throws LimitError for the first limit that a document exceeds. */
export function assertShape(document: DocumentNode, limits: DocumentLimits): void {
  const shape = measureShape(document);
  for (const kind of Object.keys(sentences) as (keyof DocumentShape)[]) {
    const numbers = { limit: limits[kind], requested: Math.min(shape[kind], Number.MAX_SAFE_INTEGER) };
    if (numbers.requested > numbers.limit) {
      throw new LimitError(kind, sentences[kind](numbers.requested, numbers.limit), numbers);
    }
  }
}
