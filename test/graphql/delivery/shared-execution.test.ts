import { type ExecutionArgs, parse, validateSubscriptionArgs, type ValidatedSubscriptionArgs } from "graphql";
import { expect, test } from "vitest";
import type { Caller } from "../../../src/callers/caller.ts";
import type { Scope } from "../../../src/callers/scope.ts";
import { type SharedExecution, SharedExecutions } from "../../../src/graphql/delivery/shared-execution.ts";
import { schema } from "../../../src/graphql/schema.ts";

const nothing = () => {
  throw new Error("nothing is executed here");
};

const text =
  "subscription A ($after: String, $provider: String) { credentialEvents(after: $after, provider: $provider) { cursor } }";
const document = parse(`${text} subscription B { credentialEvents { cursor } }`);

function argsOf(operation: Partial<ExecutionArgs> = {}): ValidatedSubscriptionArgs {
  const validated = validateSubscriptionArgs({ schema, document, operationName: "A", ...operation });
  if (!("schema" in validated)) throw validated[0]!;
  return validated;
}

function callerOf(userId: string, scopes: readonly Scope[] = ["credentials:read", "sessions"], actor = userId): Caller {
  return { userId, actor, scopes: new Set(scopes), expiresAt: new Date(), ip: null, userAgent: null };
}

const alice = callerOf("alice");

/** Pairs that share, and pairs that must not: the second subscriber against Alice with operation A and no variables. */
const pairs: Record<string, readonly [shares: boolean, args: ValidatedSubscriptionArgs, caller: Caller]> = {
  "the same again": [true, argsOf(), callerOf("alice")],
  "another place": [true, argsOf({ variableValues: { after: "x" } }), alice],
  "scopes in another order": [true, argsOf(), callerOf("alice", ["sessions", "credentials:read"])],
  "a service that acts for the user": [true, argsOf(), callerOf("alice", ["credentials:read", "sessions"], "service")],
  "another user": [false, argsOf(), callerOf("bob")],
  "fewer scopes": [false, argsOf(), callerOf("alice", ["credentials:read"])],
  "more scopes": [false, argsOf(), callerOf("alice", ["credentials:read", "sessions", "credentials:write"])],
  "other variables": [false, argsOf({ variableValues: { provider: "openai" } }), alice],
  "another operation of the document": [false, argsOf({ operationName: "B" }), alice],
  "another document": [false, argsOf({ document: parse(text) }), alice],
};

test.each(Object.entries(pairs))("%s", (_name, [shares, args, caller]) => {
  const executions = new SharedExecutions({ createContext: nothing, mask: nothing });
  const first = executions.join(argsOf(), alice);
  const second = executions.join(args, caller);
  expect(second.execution === first.execution).toBe(shares);
});

test("an execution is kept for as long as anybody is subscribed, and no longer", () => {
  const executions = new SharedExecutions({ createContext: nothing, mask: nothing });
  const first = executions.join(argsOf(), alice);
  const second = executions.join(argsOf(), alice);
  const current = (): SharedExecution => {
    const { execution, leave } = executions.join(argsOf(), alice);
    leave();
    return execution;
  };
  first.leave();
  expect(current()).toBe(second.execution);
  second.leave();
  expect(current()).not.toBe(second.execution);
});
