import { typeBrandKey } from "@pothos/core";
import type { GraphQLField, GraphQLSchema } from "graphql";
import { CallerError } from "../../callers/caller.ts";
import { AuthError } from "../../errors/auth-error.ts";
import { CursorError } from "../../events/cursor.ts";
import type { GraphQLContext } from "../context.ts";
import { LimitError } from "../limits/limit-error.ts";

type Field = GraphQLField<unknown, GraphQLContext>;

/**
 * What a root field answered with. An expected refusal is a value of its union, which Pothos marks with the error's
 * class.
 */
function codeOf(answer: unknown): string {
  if (typeof answer !== "object" || answer === null) return "OK";
  const { [typeBrandKey]: brand, code } = answer as { [typeBrandKey]?: unknown; code?: unknown };
  const isRefusal = typeof brand === "function" && brand.prototype instanceof AuthError;
  return isRefusal ? String(code) : "OK";
}

function codeOfThrown(error: unknown): string {
  if (error instanceof AuthError || error instanceof CallerError || error instanceof CursorError) return error.code;
  return error instanceof LimitError ? error.code : "INTERNAL_SERVER_ERROR";
}

function countAnswers(name: string, field: Field): void {
  const { resolve } = field;
  if (resolve === undefined) return;
  field.resolve = async (root, args, context, info) => {
    const start = performance.now();
    let code = "INTERNAL_SERVER_ERROR";
    try {
      const answer: unknown = await resolve(root, args, context, info);
      code = codeOf(answer);
      return answer;
    } catch (error) {
      code = codeOfThrown(error);
      throw error;
    } finally {
      context.metrics.fieldAnswered(name, code, (performance.now() - start) / 1000);
      context.operation?.answered(name, code);
    }
  };
}

interface Watcher {
  readonly onItem: (item: unknown) => void;
  /** Called once, however the iterator comes to its end. */
  readonly onEnd: () => void;
}

function watchItems<T>(iterator: AsyncIterableIterator<T>, { onItem, onEnd }: Watcher): AsyncIterableIterator<T> {
  let isOver = false;
  const end = () => {
    if (!isOver) onEnd();
    isOver = true;
  };
  const pass = async (step: Promise<IteratorResult<T>>) => {
    try {
      const result = await step;
      if (result.done === true) end();
      else onItem(result.value);
      return result;
    } catch (error) {
      end();
      throw error;
    }
  };
  const watched: AsyncIterableIterator<T> = {
    next: () => pass(iterator.next()),
    return: (value) => {
      end();
      return iterator.return?.(value) ?? Promise.resolve({ done: true, value: undefined });
    },
    throw: async (error) => {
      end();
      if (iterator.throw === undefined) throw error;
      return iterator.throw(error);
    },
    [Symbol.asyncIterator]: () => watched,
  };
  return watched;
}

/** Whether an item is the reason for which a subscription ends, and no event. */
function isReason(item: unknown): boolean {
  return typeof item === "object" && item !== null && "reason" in item;
}

/** Counts what a subscription delivers, and what it costs among those that its caller has open. */
function countDeliveries(name: string, field: Field): void {
  const { subscribe } = field;
  if (subscribe === undefined) return;
  field.subscribe = async (root, args, context, info) => {
    const { metrics } = context;
    let close = () => {};
    try {
      close = context.openCosts.add(context.caller, context.cost?.requested ?? 0);
      const events = (await subscribe(root, args, context, info)) as AsyncIterableIterator<unknown>;
      metrics.fieldAnswered(name, "OK", null);
      context.operation?.answered(name, "OK");
      metrics.subscriptionOpened(name);
      // Not where events are resolved: that is done once for many subscribers.
      return watchItems(events, {
        onItem: (item) => {
          if (!isReason(item)) metrics.eventDelivered(name);
        },
        onEnd: () => {
          close();
          metrics.subscriptionClosed(name);
        },
      });
    } catch (error) {
      close();
      metrics.fieldAnswered(name, codeOfThrown(error), null);
      context.operation?.answered(name, codeOfThrown(error));
      throw error;
    }
  };
}

/** Has the metrics count the schema's root fields: their names are ours, where an operation's name is its client's. */
export function countRootFields(schema: GraphQLSchema): GraphQLSchema {
  for (const root of [schema.getQueryType(), schema.getMutationType()]) {
    for (const [name, field] of Object.entries(root?.getFields() ?? {})) countAnswers(name, field);
  }
  for (const [name, field] of Object.entries(schema.getSubscriptionType()?.getFields() ?? {})) {
    countDeliveries(name, field);
  }
  return schema;
}
