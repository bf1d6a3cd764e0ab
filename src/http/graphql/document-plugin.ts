import { type DocumentNode, getOperationAST, type GraphQLError, NoSchemaIntrospectionCustomRule } from "graphql";
import { isAsyncIterable, type Plugin } from "graphql-yoga";
import type { Documents } from "../../graphql/documents/documents.ts";
import { hideSuggestions, type PublicErrors } from "../../graphql/errors/public-error.ts";
import type { Cost, OperationCosts, Variables } from "../../graphql/limits/operation-cost.ts";

export interface DocumentPluginOptions {
  readonly documents: Documents;
  readonly costs: OperationCosts;
  readonly publicErrors: PublicErrors;
  readonly introspection: boolean;
}

/** What every transport hands over with an operation, and what is found out about it here. */
interface OperationContext {
  readonly params?: {
    readonly query?: unknown;
    readonly documentId?: unknown;
    readonly operationName?: unknown;
    readonly variables?: unknown;
    readonly extensions?: unknown;
  };
  readonly cost?: Cost | undefined;
}

/** The cost of an operation whose caller asks for it by `extensions: { cost: true }`. */
function askedCost(context: unknown): Cost | undefined {
  const { params, cost } = context as OperationContext;
  const extensions = params?.extensions as { readonly cost?: unknown } | null | undefined;
  return extensions?.cost === true ? cost : undefined;
}

function withCost<Result extends object>(result: Result, cost: Cost): Result {
  const { extensions } = result as { readonly extensions?: object };
  return { ...result, extensions: { ...extensions, cost } };
}

/**
 * The way of every document, on every transport: found by its text or id, within the limits of its shape, valid, and
 * within the limit of its cost. It stands where HTTP, SSE and WebSocket all pass; whatever is refused here is never
 * executed.
 */
export function documentPlugin(options: DocumentPluginOptions): Plugin<OperationContext> {
  const { documents, costs, publicErrors, introspection } = options;

  /** Messages without values, and without proposals where the schema is nobody's business. */
  const toPublic = (errors: readonly GraphQLError[], document: DocumentNode): readonly GraphQLError[] => {
    const shown = errors.map((error) => publicErrors.fromValidation(error, document));
    return introspection ? shown : shown.map(hideSuggestions);
  };

  /** @throws LimitError */
  const charge = (document: DocumentNode, { params }: OperationContext): Cost | undefined => {
    const name = typeof params?.operationName === "string" ? params.operationName : null;
    const operation = getOperationAST(document, name);
    return operation == null ? undefined : costs.charge(document, operation, (params?.variables ?? {}) as Variables);
  };

  return {
    onParse: ({ context, params, setParsedDocument }) => {
      try {
        setParsedDocument(documents.find(context.params ?? { query: String(params.source) }));
      } catch (error) {
        // Given as the result and not thrown, it is seen by the plugins that come after this one.
        setParsedDocument(error);
      }
    },
    onValidate: ({ params, context, addValidationRule, setResult, extendContext }) => {
      const document = params.documentAST as DocumentNode;
      const known = documents.errorsOf(document);
      if (known !== undefined) setResult([...known]);
      else if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule);
      return ({ result, setResult }) => {
        const errors = known ?? toPublic(result as GraphQLError[], document);
        if (known === undefined) documents.keepErrors(document, errors);
        setResult([...errors]);
        if (errors.length > 0) return;
        try {
          extendContext({ cost: charge(document, context) });
        } catch (error) {
          setResult([publicErrors.toPublic(error)]);
        }
      };
    },
    onExecute: ({ args }) => {
      const cost = askedCost(args.contextValue);
      if (cost === undefined) return undefined;
      return {
        onExecuteDone: ({ result, setResult }) => {
          if (!isAsyncIterable(result)) setResult(withCost(result, cost));
        },
      };
    },
    onSubscribe: ({ args }) => {
      let cost = askedCost(args.contextValue);
      if (cost === undefined) return undefined;
      return {
        onSubscribeResult: () => ({
          // Each event costs the same, so it is told once.
          onNext: ({ result, setResult }) => {
            if (cost !== undefined) setResult(withCost(result, cost));
            cost = undefined;
          },
        }),
      };
    },
  };
}
