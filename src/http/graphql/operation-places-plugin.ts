import { type ExecutionResult, GraphQLError } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { GraphQLContext } from "../../graphql/context.ts";
import { TooManyOperationsError } from "../../graphql/limits/too-many-operations.ts";
import { runFor } from "../../lib/connection-share.ts";

/** Makes what went wrong fit for clients. */
type Mask = (error: unknown) => GraphQLError;

/** As a result and not thrown: over a WebSocket only the operation ends, and not all that is open on it. */
function refusal(limit: number, mask: Mask): ExecutionResult {
  const originalError = new TooManyOperationsError(limit);
  return { errors: [mask(new GraphQLError(originalError.message, { originalError }))] };
}

/**
 * Counts the operations that are under way for each user, over whatever transport and by whichever caller they come,
 * and refuses what would be one too many. A subscription counts until it has begun.
 */
export class OperationPlaces {
  readonly #limit: number;
  readonly #underWay = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs an operation, or answers with its refusal. */
  async run<Result>(contextValue: unknown, mask: Mask, work: () => Result | Promise<Result>): Promise<Result> {
    const { userId } = (contextValue as GraphQLContext).caller;
    const count = this.#underWay.get(userId) ?? 0;
    if (count >= this.#limit) return refusal(this.#limit, mask) as Result;
    this.#underWay.set(userId, count + 1);
    try {
      return await runFor(userId, work);
    } finally {
      const left = this.#underWay.get(userId)! - 1;
      if (left === 0) this.#underWay.delete(userId);
      else this.#underWay.set(userId, left);
    }
  }
}

/** Stands around whatever executes. Events have a plugin of their own, which asks for a place itself. */
export function operationPlacesPlugin(places: OperationPlaces, mask: Mask): Plugin {
  return {
    onExecute: ({ executeFn, setExecuteFn }) => {
      setExecuteFn((args) => places.run(args.contextValue, mask, () => executeFn(args)));
    },
    onSubscribe: ({ subscribeFn, setSubscribeFn }) => {
      setSubscribeFn((args) => places.run(args.contextValue, mask, () => subscribeFn(args)));
    },
  };
}
