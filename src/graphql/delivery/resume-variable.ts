import { type DocumentNode, Kind, type OperationDefinitionNode, visit } from "graphql";

/**
 * The variable by which a subscription says where it goes on, as in `events(after: $cursor)`; null if there is none, or
 * if the document uses it anywhere else: only then do results depend on nothing but the event.
 */
export function resumeVariable(document: DocumentNode, operation: OperationDefinitionNode): string | null {
  const [root] = operation.selectionSet.selections;
  if (root?.kind !== Kind.FIELD) return null;
  const value = root.arguments?.find(({ name }) => name.value === "after")?.value;
  if (value?.kind !== Kind.VARIABLE) return null;
  const name = value.name.value;
  let uses = 0;
  visit(document, {
    VariableDefinition: () => false,
    Variable: (node) => {
      if (node.name.value === name) uses += 1;
    },
  });
  return uses === 1 ? name : null;
}
