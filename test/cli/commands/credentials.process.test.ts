import { expect, test } from "vitest";
import { credentialEventsSubscription } from "../../client/operations.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { commandStage, connectKey } from "../command-stage.ts";

test("beside a running server on the embedded database, a command says who holds it and what to do", async ({
  skip,
}) => {
  await using stage = await commandStage();
  if (stage.environment["DATABASE_URL"] !== undefined) skip("this run has a PostgreSQL");
  await using _server = await ServerProcess.start({ ...stage.environment, NODE_ENV: "development" });
  const { code, stdout, stderr } = await stage.run(["credentials", "list", "--all", "--json"]);
  expect(code).toBe(1);
  const [cause, cure] = stderr.trim().split("\n");
  expect(cause).toMatch(/in use by another process \(process \d+\)\.$/);
  expect(cure).toMatch(/^Stop that server while the command runs, or use PostgreSQL/);
  expect(JSON.parse(stdout)).toEqual({ error: { cause, cure, code: null } });
});

test("beside a running server on PostgreSQL, a command acts at once and the user's subscribers are told", async ({
  skip,
}) => {
  await using provider = await startMockProvider("anthropic");
  await using stage = await commandStage({ ANTHROPIC_API_BASE_URL: provider.baseUrl });
  if (stage.environment["DATABASE_URL"] === undefined) skip("the embedded database has one process");
  await using server = await ServerProcess.start({ ...stage.environment, NODE_ENV: "development" });
  await using events = await server.client().subscribeSse(credentialEventsSubscription);
  const { id } = await stage.within((parts) => connectKey(parts, "developer", { apiKey: provider.key }));
  expect((await events.next()).data?.credentialEvents).toMatchObject({ __typename: "CredentialStored" });
  expect((await stage.run(["credentials", "revoke", "--user", "developer", "--yes", id])).code).toBe(0);
  expect((await events.next()).data?.credentialEvents).toMatchObject({ __typename: "CredentialRevoked" });
});
