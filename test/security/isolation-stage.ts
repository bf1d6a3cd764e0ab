import { vi } from "vitest";
import { type Scope, userScopes } from "../../src/callers/scope.ts";
import { schema } from "../../src/graphql/schema.ts";
import type { OAuthStage } from "../connect/oauth/oauth-stage.ts";
import { setSessionStage } from "../sessions/session-stage.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { type Inhabitant, settle, valuesFor, wellMeant } from "./inhabitant.ts";
import { KeptTables } from "./kept-tables.ts";
import { operationsOf, type Position, type SchemaOperation } from "./schema-operations.ts";
import { StatementRecord } from "./statement-record.ts";

/** Something that only one user has been told, and where it stood. */
export type Belonging = readonly [place: string, text: string];

/** One attempt: another's belonging, or its twin, at one place of an operation that is otherwise one's own. */
export interface Trespass {
  readonly operation: SchemaOperation;
  readonly position: Position;
  readonly text: string;
}

/** Alice, who has something of everything, and Bob, who tries to get at it. */
export interface IsolationStage extends OAuthStage {
  readonly alice: Inhabitant;
  readonly bob: Inhabitant;
  readonly kept: KeptTables;
  readonly statements: StatementRecord;
  /** What only Alice has been told. */
  readonly hers: readonly Belonging[];
}

export const operations = operationsOf(schema);

/** The places where a text of any kind may stand. */
export function textPositions({ positions }: SchemaOperation): readonly Position[] {
  return positions.filter(({ type }) => type.name === "ID" || type.name === "String");
}

/** Uses are written a while after the grant: they must not come as a change of what was kept. */
async function usesAreRecorded({ database }: OAuthStage, uses: number): Promise<void> {
  const check = async () => {
    const [row] = await database.em().execute<{ sum: number }[]>("select sum(uses)::int as sum from credential_uses");
    if (row?.sum !== uses) throw new Error(`${row?.sum} of ${uses} uses are recorded`);
  };
  await vi.waitFor(check, { timeout: 60_000, interval: 100 });
}

export async function setIsolationStage(): Promise<IsolationStage> {
  await using stack = new AsyncDisposableStack();
  const connections = { socketsPerUser: 1_000, operationsPerSocket: 1_000, streamsPerUser: 1_000 };
  const statements = stack.use(new StatementRecord(await createTestDatabase()));
  const stage = stack.use(
    await setSessionStage({
      connections,
      database: statements.database,
      environment: { RATE_LIMITS: "off", MAX_SUBSCRIPTION_COST: "1000000", QUOTA_OPERATIONS: "1000" },
    }),
  );
  statements.follow(stage.app.server);
  const [aliceKey, bobKey] = ["sk-ant-api03-of-alice-0123456789", "sk-ant-api03-of-bob-9876543210"];
  for (const key of [aliceKey, bobKey]) stage.api.validKeys.add(key);
  // Alice has been there for longer: her cursor is not one that Bob's stream has too.
  const alice = await settle(schema, stage, "alice-in-her-house", { apiKey: aliceKey, sessions: 5 });
  const bob = await settle(schema, stage, "bob-in-his-flat", { apiKey: bobKey, sessions: 1 });
  const his = new Set(bob.told.values());
  const texts = new Map([...alice.told].filter(([, text]) => !his.has(text)).map(([place, text]) => [text, place]));
  await usesAreRecorded(stage, 2);
  const kept = stack.use(await KeptTables.keep(stage.database));
  const hers = [...texts].map(([text, place]) => [place, text] as const);
  const owned = stack.move();
  return { ...stage, alice, bob, kept, statements, hers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The variables with a text at one place; the rest is what a user has. */
export function trespassing({ operation, position, text }: Trespass, user: Inhabitant): Record<string, unknown> {
  const wellMeantBy = wellMeant(valuesFor(operation, user));
  const isAim = ({ path }: Position) => path.join() === position.path.join();
  return operation.variables((place) => {
    if (!isAim(place)) return wellMeantBy(place);
    return place.list ? [text] : text;
  }, position);
}

/** Takes out of an answer what was given to it. */
export function withoutGiven(answer: string, text: string): string {
  return answer.replaceAll(JSON.stringify(text).slice(1, -1), "[given]");
}

/** What may go on a text as a part of the same word: the id of entry 12 begins with the letters of that of entry 1. */
const wordPart = /[\w+/=-]/;

/** Whether a text stands in an answer, and not only as a part of a longer word. */
function standsIn(answer: string, text: string): boolean {
  for (let at = answer.indexOf(text); at !== -1; at = answer.indexOf(text, at + 1)) {
    const [before, after] = [answer.charAt(at - 1), answer.charAt(at + text.length)];
    if (!wordPart.test(before) && !wordPart.test(after)) return true;
  }
  return false;
}

/** What of Alice's stands in an answer, beside what the question itself has said. */
export function leakedIn(answer: string, { hers }: IsolationStage, text: string): readonly Belonging[] {
  // Four letters stand somewhere by chance.
  return hers.filter(([, other]) => other.length >= 8 && standsIn(answer, other) && !text.includes(other));
}

/** A service may act for a user; it is then that user, and nobody else. */
export const serviceScopes: readonly Scope[] = [...userScopes, "users:act"];
