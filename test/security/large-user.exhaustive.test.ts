import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCodes } from "../../src/errors/auth-error.ts";
import { schema } from "../../src/graphql/schema.ts";
import type { OAuthStage } from "../connect/oauth/oauth-stage.ts";
import { ProtocolSocket } from "../http/websocket/protocol-socket.ts";
import { setSessionStage } from "../sessions/session-stage.ts";
import { makeLarge } from "../support/large-user.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { type Inhabitant, settle, valuesFor, wellMeant } from "./inhabitant.ts";
import { operationsOf, type SchemaOperation } from "./schema-operations.ts";
import { StatementRecord } from "./statement-record.ts";

const rowsOfEachKind = 10_000;

/** Statements of one operation at most. Each of them reads or changes a bounded number of rows. */
const maxStatements: Readonly<Record<string, number>> = {
  // Batches of 100 until all are done.
  "Mutation.endOtherSessions": 1_200,
  "Mutation.revokeCredential": 1_200,
  // Up to 100 and 200 credentials, each with a transaction of its own.
  "Mutation.refreshCredentials": 2_000,
  "Mutation.clearProvider": 4_000,
};
const usually = 40;

/** Characters of an answer that holds ten thousand ids; all others are far shorter. */
const maxAnswer = 1_000_000;

interface Body {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

let stage: OAuthStage;
let statements: StatementRecord;
let large: Inhabitant;
let other: Inhabitant;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  statements = stack.use(new StatementRecord(await createTestDatabase()));
  const environment = { RATE_LIMITS: "off" };
  stage = stack.use(await setSessionStage({ database: statements.database, environment }));
  statements.follow(stage.app.server);
  const [apiKey, otherKey] = ["sk-ant-api03-of-the-large-0123456789", "sk-ant-api03-of-the-other-9876543210"];
  for (const key of [apiKey, otherKey]) stage.api.validKeys.add(key);
  large = await settle(schema, stage, "the-large-user", { apiKey, sessions: 3 });
  other = await settle(schema, stage, "the-other-user", { apiKey: otherKey, sessions: 1 });
  await makeLarge(stage.database, large.userId, rowsOfEachKind);
}, 300_000);

afterAll(() => stack.disposeAsync());

const operations = operationsOf(schema);

/** What ends the most comes last. */
const order = [
  "Mutation.refreshCredentials",
  "Mutation.revokeCredential",
  "Mutation.clearProvider",
  "Mutation.endOtherSessions",
];
const sorted = operations
  .filter(({ kind }) => kind !== "subscription")
  .toSorted((a, b) => order.indexOf(a.coordinate) - order.indexOf(b.coordinate));

/** A user's token has not the scope of a service: that, too, is a refusal which says so. */
function isUntyped({ extensions }: { readonly extensions?: { readonly code?: string } }): boolean {
  return ![...errorCodes, "FORBIDDEN"].includes(extensions?.code ?? "");
}

async function run(operation: SchemaOperation, user: Inhabitant) {
  const variables = operation.variables(wellMeant(valuesFor(operation, user)));
  const response = await user.client.post({ query: operation.query, variables });
  const text = await response.text();
  return { text, count: statements.last.length, ...(JSON.parse(text) as Body) };
}

test("the user has ten thousand rows of each kind", async () => {
  for (const table of ["provider_credentials", "sessions", "session_providers", "oauth_flows", "audit_log", "events"]) {
    const [row] = await stage.database
      .em()
      .execute<{ count: number }[]>(`select count(*)::int4 as count from ${table} where user_id = ?`, [large.userId]);
    expect(row!.count).toBeGreaterThanOrEqual(rowsOfEachKind);
  }
});

describe.each(sorted.map((operation) => [operation.coordinate, operation] as const))("%s", (coordinate, operation) => {
  test("fails by a typed refusal only, within its statements", async () => {
    const { text, count, errors = [] } = await run(operation, large);
    expect(errors.filter(isUntyped)).toEqual([]);
    expect(count).toBeLessThanOrEqual(maxStatements[coordinate] ?? usually);
    expect(text.length).toBeLessThan(maxAnswer);
  }, 300_000);
});

test("whoever has little is answered meanwhile", async () => {
  const reads = operations.filter(({ kind }) => kind === "query");
  const heavy = sorted.filter(({ kind }) => kind === "query").map((operation) => run(operation, large));
  const answers = await Promise.all(reads.map((operation) => run(operation, other)));
  expect(answers.flatMap(({ errors = [] }) => errors).filter(isUntyped)).toEqual([]);
  await Promise.all(heavy);
}, 300_000);

test("every subscription begins", async () => {
  await using socket = await ProtocolSocket.connect(stage.baseUrl, await stage.token(large.userId));
  for (const operation of operations.filter(({ kind }) => kind === "subscription")) {
    const variables = operation.variables(wellMeant(valuesFor(operation, large)));
    socket.send({ type: "subscribe", id: operation.coordinate, payload: { query: operation.query, variables } });
    let message = await socket.next();
    // What the one before has sent until it heard of its end.
    while (message.id !== operation.coordinate) message = await socket.next();
    expect(message.type).toBe("next");
    socket.send({ type: "complete", id: operation.coordinate });
  }
}, 300_000);
