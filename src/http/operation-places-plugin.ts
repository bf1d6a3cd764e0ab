import { type ExecutionResult, GraphQLError } from "graphql";
import type { Plugin } from "graphql-yoga";
import { runFor } from "../connection-share.ts";
import type { GraphQLContext } from "../graphql/context.ts";

/** Seconds after which a place can be expected to be free again. */
const retryAfter = 1;

function refusal(limit: number): ExecutionResult {
  const message = `${limit} operations of this user are under way on this server, which is the limit. Wait for some of them, and send this one again in ${retryAfter} s.`;
  const http = { status: 429, headers: { "retry-after": String(retryAfter) } };
  const extensions = { code: "TOO_MANY_OPERATIONS", limit, retryAfter, http };
  return { errors: [new GraphQLError(message, { extensions })] };
}

/**
 * Counts the operations that are under way for each user, over whatever transport and by whichever caller they come, and
 * refuses what would be one too many. A subscription counts until it has begun.
 */
export class OperationPlaces {
  readonly #limit: number;
  readonly #underWay = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs an operation, or answers with its refusal. */
  async run<Result>(contextValue: unknown, work: () => Result | Promise<Result>): Promise<Result> {
    const { userId } = (contextValue as GraphQLContext).caller;
    const count = this.#underWay.get(userId) ?? 0;
    if (count >= this.#limit) return refusal(this.#limit) as Result;
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
export function operationPlacesPlugin(places: OperationPlaces): Plugin {
  return {
    onExecute: ({ executeFn, setExecuteFn }) => {
      setExecuteFn((args) => places.run(args.contextValue, () => executeFn(args)));
    },
    onSubscribe: ({ subscribeFn, setSubscribeFn }) => {
      setSubscribeFn((args) => places.run(args.contextValue, () => subscribeFn(args)));
    },
  };
}
