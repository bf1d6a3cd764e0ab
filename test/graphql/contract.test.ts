import { readFile } from "node:fs/promises";
import { BreakingChangeType, buildSchema, findBreakingChanges } from "graphql";
import { expect, test } from "vitest";
import { schema } from "../../src/graphql/schema.ts";

/** What a schema lacks that is not finished; every other breaking change is a contradiction. */
const absences = new Set<string>([
  BreakingChangeType.TYPE_REMOVED,
  BreakingChangeType.FIELD_REMOVED,
  BreakingChangeType.ARG_REMOVED,
  BreakingChangeType.TYPE_REMOVED_FROM_UNION,
  BreakingChangeType.VALUE_REMOVED_FROM_ENUM,
  BreakingChangeType.IMPLEMENTED_INTERFACE_REMOVED,
]);

const contract = buildSchema(await readFile(new URL("contract.graphql", import.meta.url), "utf8"));
const changes = findBreakingChanges(contract, schema);

test("what exists contradicts the contract nowhere", () => {
  expect(changes.filter((change) => !absences.has(change.type))).toEqual([]);
});

test("the printed list is what the contract still has beyond the schema", () => {
  const missing = changes
    .filter((change) => absences.has(change.type))
    .map((change) => change.description.replace("was removed", "is missing"));
  expect(missing.toSorted()).toMatchInlineSnapshot(`
    [
      "ActiveProviderChanged is missing.",
      "AuditEntry is missing.",
      "AuditEntryConnection is missing.",
      "AuditEntryEdge is missing.",
      "ClearProviderInput is missing.",
      "ClearProviderPayload is missing.",
      "ClearProviderResult is missing.",
      "EndOtherSessionsInput is missing.",
      "EndOtherSessionsPayload is missing.",
      "EndOtherSessionsResult is missing.",
      "EndSessionInput is missing.",
      "EndSessionPayload is missing.",
      "EndSessionResult is missing.",
      "Field AuthenticateInput.sessionId is missing.",
      "Field AuthenticatePayload.session is missing.",
      "Field CompleteOAuthPayload.session is missing.",
      "Field InitiateOAuthInput.sessionId is missing.",
      "Field IssueAccessInput.sessionId is missing.",
      "Field Mutation.clearProvider is missing.",
      "Field Mutation.endOtherSessions is missing.",
      "Field Mutation.endSession is missing.",
      "Field Mutation.setActiveProvider is missing.",
      "Field Mutation.startSession is missing.",
      "Field Mutation.touchSession is missing.",
      "Field Subscription.sessionEvents is missing.",
      "Field User.auditLog is missing.",
      "Field User.session is missing.",
      "Field User.sessions is missing.",
      "ProviderContext is missing.",
      "ProviderContextStatus is missing.",
      "RateLimitedError is missing from union type AuthenticateResult.",
      "RateLimitedError is missing from union type CompleteOAuthResult.",
      "RateLimitedError is missing from union type InitiateOAuthResult.",
      "RateLimitedError is missing from union type IssueAccessResult.",
      "RateLimitedError is missing from union type RefreshCredentialResult.",
      "RateLimitedError is missing from union type ValidateCredentialResult.",
      "RateLimitedError is missing.",
      "Session is missing.",
      "SessionConnection is missing.",
      "SessionEdge is missing.",
      "SessionEnded is missing.",
      "SessionEvent is missing.",
      "SessionExpired is missing.",
      "SessionExpiredError is missing from union type IssueAccessResult.",
      "SessionExpiredError is missing.",
      "SessionExpiring is missing.",
      "SessionNotFoundError is missing from union type AuthenticateResult.",
      "SessionNotFoundError is missing from union type InitiateOAuthResult.",
      "SessionNotFoundError is missing from union type IssueAccessResult.",
      "SessionNotFoundError is missing.",
      "SessionStarted is missing.",
      "SessionStatus is missing.",
      "SetActiveProviderInput is missing.",
      "SetActiveProviderPayload is missing.",
      "SetActiveProviderResult is missing.",
      "StartSessionInput is missing.",
      "StartSessionPayload is missing.",
      "StartSessionResult is missing.",
      "TouchSessionInput is missing.",
      "TouchSessionPayload is missing.",
      "TouchSessionResult is missing.",
    ]
  `);
});
