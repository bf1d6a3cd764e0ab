import { typeBrandKey } from "@pothos/core";
import type { GraphQLField, GraphQLSchema } from "graphql";
import { CallerError } from "../callers/caller.ts";
import { AuthError } from "../errors.ts";
import { CursorError } from "../events/cursor.ts";
import type { GraphQLContext } from "./context.ts";

type Field = GraphQLField<unknown, GraphQLContext>;

/** What a root field answered with. An expected refusal is a value of its union, which Pothos marks with the error's class. */
function codeOf(answer: unknown): string {
  if (typeof answer !== "object" || answer === null) return "OK";
  const { [typeBrandKey]: brand, code } = answer as { [typeBrandKey]?: unknown; code?: unknown };
  const isRefusal = typeof brand === "function" && brand.prototype instanceof AuthError;
  return isRefusal ? String(code) : "OK";
}

function codeOfThrown(error: unknown): string {
  const isExpected = error instanceof AuthError || error instanceof CallerError || error instanceof CursorError;
  return isExpected ? error.code : "INTERNAL_SERVER_ERROR";
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
    }
  };
}

/** Calls `onEnd` once, however the iterator comes to its end. */
function watchEnd<T>(iterator: AsyncIterableIterator<T>, onEnd: () => void): AsyncIterableIterator<T> {
  let isOver = false;
  const end = () => {
    if (!isOver) onEnd();
    isOver = true;
  };
  const pass = async (step: Promise<IteratorResult<T>>) => {
    try {
      const result = await step;
      if (result.done === true) end();
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

function countDeliveries(name: string, field: Field): void {
  const { resolve, subscribe } = field;
  if (resolve === undefined || subscribe === undefined) return;
  field.subscribe = async (root, args, context, info) => {
    const { metrics } = context;
    try {
      const events = (await subscribe(root, args, context, info)) as AsyncIterableIterator<unknown>;
      metrics.fieldAnswered(name, "OK", null);
      metrics.subscriptionOpened(name);
      return watchEnd(events, () => metrics.subscriptionClosed(name));
    } catch (error) {
      metrics.fieldAnswered(name, codeOfThrown(error), null);
      throw error;
    }
  };
  field.resolve = (event, args, context, info) => {
    const answer: unknown = resolve(event, args, context, info);
    context.metrics.eventDelivered(name);
    return answer;
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
