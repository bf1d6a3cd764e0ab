import { createSourceEventStream, type ExecutionResult, type ValidatedSubscriptionArgs } from "graphql";
import type { Caller } from "../../callers/caller.ts";
import type { GraphQLContext } from "../context.ts";
import type { ExecutionParts, SharedExecution, SharedExecutions } from "./shared-execution.ts";
import type { Delivery } from "./subscription.ts";

interface SubscriptionParts {
  readonly source: AsyncIterator<Delivery, undefined>;
  readonly caller: Caller;
  readonly execution: SharedExecution;
  readonly mask: ExecutionParts["mask"];
  readonly leave: () => void;
}

/** One subscriber: it reads at its own pace, and shares what is executed. */
class SharedSubscription implements AsyncGenerator<ExecutionResult, void, void> {
  readonly #parts: SubscriptionParts;
  #isOver = false;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  async next(): Promise<IteratorResult<ExecutionResult, void>> {
    const { source, caller, execution, mask } = this.#parts;
    try {
      const { value } = await source.next();
      if (value === undefined) return await this.return();
      return { value: await execution.resultOf(value, caller), done: false };
    } catch (error) {
      await this.return();
      throw mask(error);
    }
  }

  async return(): Promise<IteratorResult<ExecutionResult, void>> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#parts.leave();
      await this.#parts.source.return?.();
    }
    return { value: undefined, done: true };
  }

  async throw(error: unknown): Promise<IteratorResult<ExecutionResult, void>> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Subscribes to events of the caller's stream. @returns the results, or the errors that keep it from starting */
export async function subscribeShared(
  args: ValidatedSubscriptionArgs,
  executions: SharedExecutions,
  mask: ExecutionParts["mask"],
): Promise<SharedSubscription | ExecutionResult> {
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return { ...source, errors: source.errors?.map(mask) ?? [] };
  const { caller } = args.contextValue as GraphQLContext;
  const deliveries = source[Symbol.asyncIterator]() as AsyncIterator<Delivery, undefined>;
  return new SharedSubscription({ source: deliveries, caller, mask, ...executions.join(args, caller) });
}
