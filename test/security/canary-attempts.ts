import type { Operation } from "../http/graphql/echo.ts";
import { type Inhabitant, valuesFor, wellMeant } from "./inhabitant.ts";
import type { Position, SchemaOperation } from "./schema-operations.ts";

/** A GraphQL literal of a value that variables could hold. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, inner]) => `${name}: ${literal(inner)}`)
    .join(", ")} }`;
}

/** The same operation with its values in the document, as people write it who do not know variables. */
function inline(query: string, variables: Readonly<Record<string, unknown>>): string {
  return query
    .replace(/^(\w+) \([^)]*\)/, "$1")
    .replaceAll(/\$(\w+)/g, (_variable, name: string) => literal(variables[name] ?? null));
}

/** Ways to put a text into an operation, as it should be and as it should not. */
const ways: Record<string, (secret: string) => unknown> = {
  "as it is": (secret) => secret,
  "in a list of lists": (secret) => [[secret]],
  "as an object": (secret) => ({ value: secret, [secret.replaceAll(/\W/g, "")]: secret }),
};

/** Every form of one operation with a secret at one place. */
export function attemptsWith(
  operation: SchemaOperation,
  position: Position,
  { user, secret }: { readonly user: Inhabitant; readonly secret: string },
): Operation[] {
  const base = wellMeant(valuesFor(operation, user));
  const isAim = ({ path }: Position) => path.join() === position.path.join();
  const variablesWith = (value: unknown) =>
    operation.variables((place) => (isAim(place) ? value : base(place)), position);
  const { query } = operation;
  const variables = variablesWith(position.list ? [secret] : secret);
  return [
    ...Object.values(ways).map((write) => ({ query, variables: variablesWith(write(secret)) })),
    { query, variables },
    { query: inline(query, variables) },
  ];
}
