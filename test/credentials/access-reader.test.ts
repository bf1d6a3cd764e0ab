import { expect, test } from "vitest";
import { AccessReader, type AccessQuery } from "../../src/credentials/access-reader.ts";
import { openVault } from "../../src/credentials/vault.ts";
import type { Database } from "../../src/db/database.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Secret } from "../../src/lib/secret.ts";
import { load } from "../support/test-config.ts";
import { createTestDatabase } from "../support/test-database.ts";

const users = ["alice", "bob", "carol"];

/** A reader of a database in which every user has two API keys and a sign-in, and the statements that it sends. */
async function setStage() {
  const database = await createTestDatabase();
  const { store } = await openVault(database, load(), systemClock);
  await database.transaction(async (em) => {
    for (const userId of users) {
      const place = { userId, provider: "anthropic" };
      for (const label of ["home", "default"]) {
        const credentials = { method: "api_key", apiKey: new Secret(`key-${userId}-${label}`) } as const;
        await store.put(em, { ...place, authMethod: "api_key", label }, credentials);
      }
      await store.put(
        em,
        { ...place, authMethod: "oauth", label: "work" },
        {
          method: "oauth",
          accessToken: new Secret(`token-${userId}`),
          refreshToken: null,
          expiresAt: new Date("2100-01-01"),
          scopes: ["models:read", `of ${userId}`],
          account: null,
        },
      );
    }
  });
  const statements: string[] = [];
  const query: Database["query"] = (statement, values) => {
    statements.push(statement.name);
    return database.query(statement, values);
  };
  return { reader: new AccessReader({ ...database, query }), statements };
}

const ask = (userId: string, more: Partial<AccessQuery> = {}): AccessQuery => ({
  userId,
  provider: "anthropic",
  method: null,
  label: null,
  ...more,
});

/** One after the other, each in a turn of its own. */
async function oneByOne(reader: AccessReader, queries: readonly AccessQuery[]) {
  const answers = [];
  for (const query of queries) answers.push(await reader.list(query));
  return answers;
}

const queries = [
  ask("alice"),
  ask("nobody"),
  ask("bob", { method: "api_key" }),
  ask("bob", { label: "home" }),
  ask("carol", { provider: "openai" }),
  ask("carol", { method: "oauth", label: "work" }),
  ask("alice", { label: `',"{}\\NULL` }),
  ask("alice", { label: "NULL" }),
  ask("alice"),
];

test("those who ask in one turn share a statement, and each gets what it would get alone", async () => {
  const { reader, statements } = await setStage();
  const alone = await oneByOne(reader, queries);
  expect(statements).toHaveLength(queries.length);
  expect(await Promise.all(queries.map((query) => reader.list(query)))).toEqual(alone);
  expect(statements).toHaveLength(queries.length + 1);

  const summary = alone.map((rows) => rows.map(({ userId, authMethod, label }) => `${userId} ${authMethod} ${label}`));
  expect(summary).toEqual([
    ["alice oauth work", "alice api_key default"],
    [],
    ["bob api_key default"],
    ["bob api_key home"],
    [],
    ["carol oauth work"],
    [],
    [],
    ["alice oauth work", "alice api_key default"],
  ]);
  expect(alone[5]![0]!.scopes).toEqual(["models:read", "of carol"]);
});

test("a statement that fails fails those of its turn, and nobody after them", async () => {
  const { reader } = await setStage();
  const withNul = reader.list(ask("nul\0"));
  const beside = reader.list(ask("alice"));
  const later = withNul.catch(() => reader.list(ask("alice")));
  await expect(withNul).rejects.toThrow(/0x00/);
  await expect(beside).rejects.toThrow(/0x00/);
  expect(await later).toHaveLength(2);
});

interface Plan {
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Plan[];
}

/** Rows of the table that a plan has looked at. */
function rowsRead(plan: Plan): number {
  const { "Actual Rows": kept, "Actual Loops": loops, "Rows Removed by Filter": removed = 0 } = plan;
  const own = plan["Relation Name"] === "provider_credentials" ? (kept + removed) * loops : 0;
  return own + (plan.Plans ?? []).reduce((sum, child) => sum + rowsRead(child), 0);
}

test("however many labels a user has, one row is read for each method", async () => {
  const database = await createTestDatabase();
  const em = database.em();
  for (const method of ["oauth", "api_key"]) {
    await em.execute(
      `insert into provider_credentials (id, user_id, provider, auth_method, label, credentials, key_id, token_version,
          status, status_since, last4, fingerprint, scopes, refreshable, created_at, updated_at)
        select gen_random_uuid(), 'alice', 'anthropic', ?, 'label ' || n, '', 1, 1, 'active', now(), '', '', '{}', false,
          now() + n * interval '1 second', now() from generate_series(1, 2000) n`,
      [method],
    );
  }
  await em.execute("analyze provider_credentials");
  const read: number[] = [];
  const query: Database["query"] = async ({ name, text }, values) => {
    const statement = { name: `explained_${name}`, text: `explain (analyze, format json) ${text}` };
    const [row] = await database.query<{ "QUERY PLAN": [{ Plan: Plan }] }>(statement, values);
    read.push(rowsRead(row!["QUERY PLAN"][0].Plan));
    return [];
  };
  const reader = new AccessReader({ ...database, query });
  const one = [ask("alice"), ask("alice", { label: "label 1999" }), ask("alice", { method: "oauth" })];
  await oneByOne(reader, one).catch(() => {});
  await Promise.all(one.map((item) => reader.list(item)));
  expect(read).toEqual([2, 2, 1, 5]);
});
