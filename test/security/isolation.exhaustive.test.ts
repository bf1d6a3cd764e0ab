import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lastingDifferences } from "./answer-tree.ts";
import {
  type IsolationStage,
  leakedIn,
  operations,
  setIsolationStage,
  textPositions,
  type Trespass,
  trespassing,
  withoutGiven,
} from "./isolation-stage.ts";
import type { SchemaOperation } from "./schema-operations.ts";
import { twinOf } from "./twin.ts";

let stage: IsolationStage;

beforeAll(async () => {
  stage = await setIsolationStage();
});

afterAll(() => stage[Symbol.asyncDispose]());

/** All that Bob can observe of a request, and what it asks of the database. */
async function attempt(trespass: Trespass): Promise<unknown> {
  const { bob, statements } = stage;
  const { query } = trespass.operation;
  const response = await bob.client.post({ query, variables: trespassing(trespass, bob) });
  const headers = [...response.headers].filter(([name]) => name !== "date" && name !== "content-length");
  const text = await response.text();
  expect(leakedIn(text, stage, trespass.text)).toEqual([]);
  const body = JSON.parse(withoutGiven(text, trespass.text)) as unknown;
  const observed = { status: response.status, headers, body, statements: statements.last };
  if (statements.hasWritten) await tidyUp();
  return observed;
}

/** Nothing of Alice's has changed; what has of Bob's is undone. */
async function tidyUp(): Promise<void> {
  expect(await stage.kept.changesOf(stage.alice.userId)).toEqual([]);
  await stage.kept.restore();
}

test("what is hers is of every kind that the API tells", () => {
  const places = stage.hers.map(([place]) => place);
  expect(places).toEqual(
    expect.arrayContaining([
      "given.credentialId",
      "given.sessionId",
      "given.flowId",
      "given.rejectedGrantId",
      "given.state",
      "given.userId",
      "row.credentialId",
      "User.id",
      "User.eventCursor",
      "PageInfo.endCursor",
      "SessionEdge.cursor",
      "Session.label",
      "Credential.fingerprint",
      "ProviderContext.model",
    ]),
  );
});

describe("to another user what is hers is as absent as what nobody has:", () => {
  const requests = operations.filter(({ kind }) => kind !== "subscription");

  test.each(requests.map((operation) => [operation.coordinate, operation] as const))("%s", async (_name, operation) => {
    for (const position of textPositions(operation)) {
      for (const [origin, text] of stage.hers) {
        const place = `${position.path.join(".")} with her ${origin}`;
        const observe = (given: string) => attempt({ operation, position, text: given });
        expect([place, await lastingDifferences(observe, text, () => twinOf(text))]).toEqual([place, []]);
      }
    }
    await tidyUp();
  });
});

/** Those whose well-meant form has to succeed, so that nothing is refused before it is looked for. */
const reaching: Record<string, string> = {
  "Mutation.authenticate": "AuthenticatePayload",
  "Mutation.clearProvider": "ClearProviderPayload",
  "Mutation.endOtherSessions": "EndOtherSessionsPayload",
  "Mutation.endSession": "EndSessionPayload",
  "Mutation.initiateOAuth": "InitiateOAuthPayload",
  "Mutation.issueAccess": "IssueAccessPayload",
  "Mutation.revokeCredential": "RevokeCredentialPayload",
  "Mutation.setActiveProvider": "SetActiveProviderPayload",
  "Mutation.startSession": "StartSessionPayload",
  "Mutation.touchSession": "TouchSessionPayload",
  "Mutation.validateCredential": "ValidateCredentialPayload",
};

test.each(Object.entries(reaching))("%s gets through with what is one's own", async (coordinate, payload) => {
  const operation = operations.find((found) => found.coordinate === coordinate) as SchemaOperation;
  const nowhere = { path: [], type: operation.positions[0]!.type, optional: true, list: false };
  const answer = await attempt({ operation, position: nowhere, text: "nothing of hers" });
  expect(answer).toMatchObject({ body: { data: { [operation.root]: { __typename: payload } } } });
  // Its statements are seen too, so that there is something to compare.
  expect((answer as { statements: string[] }).statements).not.toEqual([]);
});
