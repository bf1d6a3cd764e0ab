import { afterAll, beforeAll, expect, test } from "vitest";
import { userScopes } from "../../src/callers/scope.ts";
import { schema } from "../../src/graphql/schema.ts";
import { transports } from "../http/graphql/echo.ts";
import { cursorAt } from "../support/cursor.ts";
import { attemptsWith } from "./canary-attempts.ts";
import { canaryDialects } from "./canary-dialect.ts";
import { type CanaryStage, setCanaryStage } from "./canary-stage.ts";
import { feeds } from "./feed.ts";
import { operationsOf, type Position, type SchemaOperation } from "./schema-operations.ts";
import { shownPlaces } from "./shown-places.ts";

const operations = operationsOf(schema);

let stage: CanaryStage;

beforeAll(async () => {
  stage = await setCanaryStage(canaryDialects["shapeless secrets of Google's"]);
});

afterAll(() => stage[Symbol.asyncDispose]());

/** Everywhere but where a text is shown by design. */
function secretPositions({ coordinate, positions }: SchemaOperation): readonly Position[] {
  const shown = shownPlaces[coordinate] ?? [];
  return positions.filter(({ path }) => !shown.includes(path.join(".")));
}

test("every operation of the schema says which of its places may be shown", () => {
  expect(Object.keys(shownPlaces).toSorted()).toEqual(operations.map(({ coordinate }) => coordinate).toSorted());
});

const requests = operations.filter(({ kind }) => kind !== "subscription");

test.each(requests.map((operation) => [operation.coordinate, operation] as const))(
  "%s: a secret at any place of it comes out nowhere, over any transport",
  async (_name, operation) => {
    const token = await stage.token("alice", { scopes: [...userScopes, "users:act"] });
    const { GET, ...posts } = transports;
    const senders = operation.kind === "query" ? { ...posts, GET } : posts;
    for (const position of secretPositions(operation)) {
      for (const [transport, send] of Object.entries(senders)) {
        const { name, secret } = stage.plant(`${operation.coordinate}(${position.path.join(".")}) over ${transport}`);
        for (const attempt of attemptsWith(operation, position, { user: stage.alice, secret })) {
          stage.keep(`the answer to ${name}`, (await send(stage, token, attempt)).seen);
        }
      }
    }
    await stage.expectNothingFound();
    await stage.kept.restore();
  },
);

const subscriptions = operations.filter(({ kind }) => kind === "subscription");

test.each(Object.entries(feeds))("no subscription over %s tells a secret, nor does any event", async (_name, open) => {
  await using feed = await open(stage.baseUrl, await stage.token("alice"));
  for (const operation of subscriptions) {
    for (const position of secretPositions(operation)) {
      const { name, secret } = stage.plant(`${operation.coordinate}(${position.path.join(".")})`);
      for (const [index, attempt] of attemptsWith(operation, position, { user: stage.alice, secret }).entries()) {
        await feed.subscribe(`${name} ${index}`, attempt.query as string, attempt.variables as object);
      }
    }
  }
  await feed.subscribe("all of her events", operations.find(({ root }) => root === "events")!.query, {
    after: await cursorAt(stage.database, "alice", 0),
  });
  const told = () => JSON.stringify(feed.came.get("all of her events") ?? []);
  await expect.poll(told, { timeout: 30_000 }).toMatch(/CredentialStored.*SessionStarted.*ActiveProviderChanged/);
  for (const [name, messages] of feed.came) stage.places.add(`what came for ${name}`, messages);
  expect(feed.came.size).toBeGreaterThan(subscriptions.length);
  await stage.expectNothingFound();
});
