import {
  type ExecutionResult,
  executeSubscriptionEvent,
  type GraphQLError,
  type OperationDefinitionNode,
  type ValidatedSubscriptionArgs,
} from "graphql";
import type { Caller } from "../../callers/caller.ts";
import type { StreamEvent } from "../../events/event.ts";
import type { GraphQLContext } from "../context.ts";
import { resumeVariable } from "./resume-variable.ts";
import type { Delivery } from "./subscription.ts";

/**
 * Milliseconds for which a result is given to others. They are woken together, and ask within a few; it bounds the age
 * of what changes without an event.
 */
const shareMs = 1_000;

interface Made {
  readonly result: Promise<ExecutionResult>;
  /** By `performance.now()`. */
  readonly at: number;
  /** What was known of the stream then: with a newer event the state may be another. */
  readonly latest: number;
}

/** How events become results. */
export interface ExecutionParts {
  /** A context for one event, in which nothing is remembered of an earlier one. */
  readonly createContext: (caller: Caller) => GraphQLContext;
  /** Makes what went wrong fit for clients. */
  readonly mask: (error: unknown) => GraphQLError;
}

/** One operation of one viewer, whoever has subscribed to it: each event is executed once for all of them. */
export class SharedExecution {
  subscribers = 0;
  readonly #args: ValidatedSubscriptionArgs;
  readonly #parts: ExecutionParts;
  /** Goes with the events, which the stream keeps for a second or two. */
  readonly #made = new WeakMap<StreamEvent, Made>();

  constructor(args: ValidatedSubscriptionArgs, parts: ExecutionParts) {
    this.#args = { ...args, contextValue: undefined };
    this.#parts = parts;
  }

  /** @param caller one of those who get the result */
  async resultOf(delivery: Delivery, caller: Caller): Promise<ExecutionResult> {
    if ("reason" in delivery) return this.#execute(delivery, caller);
    const { event, latest } = delivery;
    const made = this.#made.get(event);
    const now = performance.now();
    if (made?.latest === latest && now - made.at < shareMs) return made.result;
    const result = this.#execute(delivery, caller);
    this.#made.set(event, { result, at: now, latest });
    return result;
  }

  async #execute(rootValue: Delivery, caller: Caller): Promise<ExecutionResult> {
    const contextValue = this.#parts.createContext(caller);
    const result = await executeSubscriptionEvent({ ...this.#args, contextValue, rootValue });
    if (result.errors === undefined) return result;
    return { ...result, errors: result.errors.map((error) => this.#parts.mask(error)) };
  }
}

/** The operations of one document that are being executed. */
interface Family {
  /** Where subscribers may differ. */
  readonly resumeVariable: string | null;
  readonly executions: Map<string, SharedExecution>;
}

/**
 * Finds those who get the same results: the same operation of the same document (Yoga parses equal texts once), with
 * the same variables but for the place from which they read, by the same user with the same scopes.
 */
export class SharedExecutions {
  readonly #parts: ExecutionParts;
  readonly #families = new WeakMap<OperationDefinitionNode, Family>();

  constructor(parts: ExecutionParts) {
    this.#parts = parts;
  }

  /** Counts one more subscriber. @returns the execution, and what counts the subscriber off again, once */
  join(args: ValidatedSubscriptionArgs, caller: Caller): { execution: SharedExecution; leave: () => void } {
    const { executions, ...family } = this.#familyOf(args);
    const key = keyOf(args, caller, family.resumeVariable);
    let execution = executions.get(key);
    if (execution === undefined) executions.set(key, (execution = new SharedExecution(args, this.#parts)));
    const joined = execution;
    joined.subscribers += 1;
    return {
      execution: joined,
      leave: () => {
        joined.subscribers -= 1;
        if (joined.subscribers === 0) executions.delete(key);
      },
    };
  }

  #familyOf({ document, operation }: ValidatedSubscriptionArgs): Family {
    let family = this.#families.get(operation);
    if (family === undefined) {
      family = { resumeVariable: resumeVariable(document, operation), executions: new Map() };
      this.#families.set(operation, family);
    }
    return family;
  }
}

function keyOf({ rawVariableValues }: ValidatedSubscriptionArgs, caller: Caller, resume: string | null): string {
  const variables = Object.entries(rawVariableValues ?? {}).filter(([name]) => name !== resume);
  return JSON.stringify([caller.userId, [...caller.scopes].toSorted(), variables.toSorted(byName)]);
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}
