import { type ExecutionArgs, getOperationAST, Kind, validateSubscriptionArgs } from "graphql";
import type { Plugin } from "graphql-yoga";
import { type ExecutionParts, SharedExecutions } from "../../graphql/delivery/shared-execution.ts";
import { isSharedField } from "../../graphql/delivery/shared-field.ts";
import { subscribeShared } from "../../graphql/delivery/shared-subscription.ts";
import type { OperationPlaces } from "./operation-places-plugin.ts";

/** Whether the operation follows the stream of events. Written in a way that is not seen here, it shares nothing. */
function followsStream({ schema, document, operationName }: ExecutionArgs): boolean {
  const root = getOperationAST(document, operationName)?.selectionSet.selections[0];
  return root?.kind === Kind.FIELD && isSharedField(schema, root.name.value);
}

/**
 * Executes subscriptions to the stream of events, on every transport. It must be the last plugin: what stands behind it
 * in Yoga would wrap each subscription in closures of its own.
 */
export function sharedDeliveryPlugin(parts: ExecutionParts, places: OperationPlaces): Plugin {
  const executions = new SharedExecutions(parts);
  return {
    onSubscribe: async ({ args, setResultAndStopExecution }) => {
      if (!followsStream(args)) return;
      const validated = validateSubscriptionArgs(args);
      // Yoga's own executor then tells the errors, in the words that it has for them everywhere.
      if (!("schema" in validated)) return;
      const begin = () => subscribeShared(validated, executions, parts.mask);
      setResultAndStopExecution((await places.run(args.contextValue, parts.mask, begin)) as never);
    },
  };
}
