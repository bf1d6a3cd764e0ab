import type { GraphQLError } from "graphql";
import { createYoga, type YogaServerInstance } from "graphql-yoga";
import type { Caller } from "../../callers/caller.ts";
import type { GraphQLContext, Services } from "../../graphql/context.ts";
import { hideSuggestions } from "../../graphql/errors/public-error.ts";
import type { OpenCosts } from "../../graphql/limits/open-costs.ts";
import { schema } from "../../graphql/schema.ts";
import { documentPlugin, type DocumentPluginOptions } from "./document-plugin.ts";
import { eventStreamPlugin } from "./event-stream-plugin.ts";
import { metricsPlugin } from "./metrics-plugin.ts";
import { operationLogPlugin, type OperationRecord } from "./operation-log.ts";
import { type OperationPlaces, operationPlacesPlugin } from "./operation-places-plugin.ts";
import { queryStringPlugin } from "./query-string-plugin.ts";
import { sharedDeliveryPlugin } from "./shared-delivery-plugin.ts";

/** What a transport hands over with an operation, once it knows who calls. */
export interface TransportContext {
  readonly caller: Caller;
  readonly bindBrowser?: GraphQLContext["bindBrowser"];
  readonly onRateLimited?: GraphQLContext["onRateLimited"];
  /** The operation's line in the log; absent where requests are not logged. */
  readonly operation?: OperationRecord | undefined;
  /** Over HTTP: counts the response among the caller's open streams; false where that would be one too many. */
  readonly takeStream?: () => boolean;
}

export type Yoga = YogaServerInstance<TransportContext & Record<string, unknown>, GraphQLContext>;

export interface YogaOptions extends DocumentPluginOptions {
  readonly services: Services;
  readonly openCosts: OpenCosts;
  readonly streamsPerUser: number;
  readonly places: OperationPlaces;
  /** Whether operations have lines in the log. */
  readonly logsOperations: boolean;
}

/** What clients may see of an error. An error that has passed is not made into another one by the next who masks. */
function createMask({ publicErrors, introspection }: YogaOptions): (error: unknown) => GraphQLError {
  const masked = new WeakSet<GraphQLError>();
  return (error) => {
    if (masked.has(error as GraphQLError)) return error as GraphQLError;
    const publicError = publicErrors.toPublic(error);
    const shown = introspection ? publicError : hideSuggestions(publicError);
    masked.add(shown);
    return shown;
  };
}

/** GraphQL itself. Routing, CORS, body limits, GraphiQL and authentication are the HTTP server's, before it. */
export function createGraphQL(options: YogaOptions): Yoga {
  const { services, openCosts, places } = options;
  const mask = createMask(options);
  const createContext = (caller: Caller) => ({ ...services, openCosts, caller });
  return createYoga<TransportContext & Record<string, unknown>, GraphQLContext>({
    schema,
    context: ({ caller, bindBrowser, onRateLimited }) => ({ ...createContext(caller), bindBrowser, onRateLimited }),
    plugins: [
      queryStringPlugin,
      documentPlugin(options),
      eventStreamPlugin(options.streamsPerUser),
      metricsPlugin(services.metrics),
      ...(options.logsOperations ? [operationLogPlugin] : []),
      operationPlacesPlugin(places, mask),
      sharedDeliveryPlugin({ createContext, mask }, places),
    ],
    maskedErrors: { maskError: mask, isDev: false },
    // Its caches go by the text and have room for any 1,024 of them; `Documents` has its own.
    parserAndValidationCache: false,
    extraParamNames: ["documentId"],
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
