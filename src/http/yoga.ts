import { type GraphQLError, NoSchemaIntrospectionCustomRule } from "graphql";
import { createYoga, type Plugin, type YogaServerInstance } from "graphql-yoga";
import type { Caller } from "../callers/caller.ts";
import type { GraphQLContext, Services } from "../graphql/context.ts";
import { hideSuggestions, type PublicErrors } from "../graphql/public-error.ts";
import { schema } from "../graphql/schema.ts";
import { metricsPlugin } from "./metrics-plugin.ts";
import { eventStreamPlugin } from "./event-stream-plugin.ts";

/** What a transport hands over with an operation, once it knows who calls. */
export interface TransportContext {
  readonly caller: Caller;
  readonly bindBrowser?: GraphQLContext["bindBrowser"];
  readonly onRateLimited?: GraphQLContext["onRateLimited"];
  /** Over HTTP: counts the response among the caller's open streams; false where that would be one too many. */
  readonly takeStream?: () => boolean;
}

export type Yoga = YogaServerInstance<TransportContext & Record<string, unknown>, GraphQLContext>;

export interface YogaOptions {
  readonly services: Services;
  readonly publicErrors: PublicErrors;
  readonly introspection: boolean;
}

/** Validation messages without values, and introspection only where it is wanted; on every transport. */
function validationPlugin({ publicErrors, introspection }: YogaOptions): Plugin {
  return {
    onValidate: ({ addValidationRule, params }) => {
      if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule);
      return ({ valid, result, setResult }) => {
        if (valid) return;
        const errors = result.map((error) => publicErrors.fromValidation(error as GraphQLError, params.documentAST));
        setResult(introspection ? errors : errors.map(hideSuggestions));
      };
    },
  };
}

/** GraphQL itself. Routing, CORS, body limits, GraphiQL and authentication are the HTTP server's, before it. */
export function createGraphQL(options: YogaOptions): Yoga {
  const { services, publicErrors, introspection } = options;
  return createYoga<TransportContext & Record<string, unknown>, GraphQLContext>({
    schema,
    context: ({ caller, bindBrowser, onRateLimited }) => ({ ...services, caller, bindBrowser, onRateLimited }),
    plugins: [validationPlugin(options), eventStreamPlugin, metricsPlugin(services.metrics)],
    maskedErrors: {
      maskError: (error) => {
        const publicError = publicErrors.toPublic(error);
        return introspection ? publicError : hideSuggestions(publicError);
      },
      isDev: false,
    },
    logging: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    // The HTTP server reads the body, within a limit of its own.
    maxRequestBodySize: false,
  });
}
