import {
  type ExecutionArgs,
  type FormattedExecutionResult,
  getOperationAST,
  GraphQLError,
  type GraphQLFormattedError,
} from "graphql";
import type { SubscribePayload } from "graphql-ws";
import type { Caller } from "../../callers/caller.ts";
import type { PublicErrors } from "../../graphql/errors/public-error.ts";
import type { OperationRecord } from "../graphql/operation-log.ts";
import type { Yoga } from "../graphql/yoga.ts";

type Start = (kind: "execute" | "subscribe") => Promise<never>;

/**
 * An operation that came over a socket, on its way through the protocol's library, which keeps its arguments for as
 * long as it runs. What Yoga has made for it is let go when it starts: a subscription may run for days.
 */
class SocketOperation {
  #start: Start | null;

  constructor(start: Start) {
    this.#start = start;
  }

  async start(kind: "execute" | "subscribe"): Promise<never> {
    const start = this.#start!;
    this.#start = null;
    return start(kind);
  }
}

/** For graphql-ws: starts what `prepareOperation` has made. */
export const operationStarters = {
  execute: async ({ rootValue }: ExecutionArgs): Promise<never> => (rootValue as SocketOperation).start("execute"),
  subscribe: async ({ rootValue }: ExecutionArgs): Promise<never> => (rootValue as SocketOperation).start("subscribe"),
};

/** What graphql-ws starts, or the errors that it sends: thrown, they would close the socket and end all on it. */
export async function prepareOperation(
  { yoga, publicErrors }: { readonly yoga: Yoga; readonly publicErrors: PublicErrors },
  { caller, operation }: { readonly caller: Caller | null; readonly operation: OperationRecord | undefined },
  params: SubscribePayload,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  try {
    const enveloped = yoga.getEnveloped({ caller, params, operation });
    const { schema, parse, validate } = enveloped;
    const document = parse(params.query);
    const errors = validate(schema, document) as readonly GraphQLError[];
    if (errors.length > 0) return errors;
    const { operationName } = params;
    if (getOperationAST(document, operationName) == null) return [unclearOperation()];
    const contextValue = await enveloped.contextFactory();
    const args = { schema, document, operationName, variableValues: params.variables, contextValue };
    const start = new SocketOperation((kind) => enveloped[kind](args));
    return { schema, document, operationName, contextValue: undefined, rootValue: start };
  } catch (error) {
    return [publicErrors.toPublic(error)];
  }
}

/** In Yoga's words: over HTTP it says the same. */
function unclearOperation(): GraphQLError {
  return new GraphQLError("Could not determine what operation to execute.", {
    extensions: { code: "OPERATION_RESOLUTION_FAILURE" },
  });
}

/** An error as HTTP clients get it: without the status that stands in it for Yoga. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const { http: _http, ...extensions } = error.extensions;
  return { ...error.toJSON(), extensions };
}

interface Formattable {
  readonly data?: Record<string, unknown> | null | undefined;
  readonly errors?: readonly GraphQLError[] | undefined;
}

/** A result as HTTP clients get it; undefined where it is to be sent as it stands. */
export function formatResult({ errors, ...rest }: Formattable): FormattedExecutionResult | undefined {
  return errors && ({ ...rest, errors: errors.map(formatError) } as FormattedExecutionResult);
}
