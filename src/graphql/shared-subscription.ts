import { createSourceEventStream, type ExecutionResult, type ValidatedSubscriptionArgs } from "graphql";
import type { StreamEvent } from "../events/event.ts";
import type { ExecutionParts, SharedExecution, SharedExecutions } from "./shared-execution.ts";
import { Deliveries } from "./subscription.ts";

interface SubscriptionParts {
  readonly source: Deliveries<StreamEvent>;
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
    const { source, execution, mask } = this.#parts;
    try {
      const { value } = await source.next();
      if (value === undefined) return await this.return();
      return { value: await execution.resultOf(value, source.caller), done: false };
    } catch (error) {
      await this.return();
      throw mask(error);
    }
  }

  async return(): Promise<IteratorResult<ExecutionResult, void>> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#parts.leave();
      await this.#parts.source.return();
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
  if (source instanceof Deliveries) {
    return new SharedSubscription({ source, mask, ...executions.join(args, source.caller) });
  }
  if (!("errors" in source)) throw new TypeError("the field's source is no stream of events");
  return { ...source, errors: source.errors.map(mask) };
}
