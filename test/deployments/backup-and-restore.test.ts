import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authenticateMutation, eventsSubscription, viewerQuery } from "../client/operations.ts";
import { publicUrl, signIn } from "../connect/oauth/oauth-stage.ts";
import { grant, never, readState, refresh } from "../refresh/refresh-stage.ts";
import { startAuthorizationServer } from "../support/authorization-server.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { PostgresCluster } from "../support/postgres-cluster.ts";
import { runProgram } from "../support/postgres-cluster/programs.ts";
import { runCommand } from "../support/run-command.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startTestApp, testEnvironment } from "../support/test-app.ts";
import type { TestClient } from "../support/test-client.ts";
import { administer, createOwnDatabase, programs, urlOf } from "./cluster-stage.ts";

let cluster: PostgresCluster;
beforeAll(async () => {
  cluster = await PostgresCluster.create(programs);
});
afterAll(() => cluster[Symbol.asyncDispose]());

const provider = "anthropic";

/** A server over a database of its own, with Alice's key and sign-in at a provider that ends reused tokens. */
async function setStage() {
  await using stack = new AsyncDisposableStack();
  const vendor = stack.use(await startAuthorizationServer(provider));
  const api = stack.use(await startMockProvider(provider));
  const folder = stack.use(await temporaryFolder());
  const name = await createOwnDatabase(cluster);
  const environment = {
    ...testEnvironment,
    PUBLIC_URL: publicUrl,
    DATA_DIR: join(folder.path, "data"),
    DATABASE_URL: urlOf(cluster, { user: name, database: name }),
    ...vendor.environment(provider),
    ANTHROPIC_API_BASE_URL: api.baseUrl,
  };
  // Refreshes only what it is asked to.
  const start = () => startTestApp({ environment, refresh: { intervalMs: never } });
  const connect = async (alice: TestClient, label: string) => {
    const input = { provider, label, credential: { apiKey: api.key } };
    const { authenticate } = await alice.execute(authenticateMutation, { input });
    expect(authenticate.__typename).toBe("AuthenticatePayload");
  };
  const parts = stack.move();
  return {
    vendor,
    start,
    connect,
    change: (columns: string) => administer(cluster, [`update provider_credentials set ${columns}`], name),
    command: (...words: string[]) => runCommand(words, environment),
    dump: async () => {
      const file = join(cluster.folder, `${name}.dump`);
      const from = [`--dbname=${urlOf(cluster, { database: name })}`, "--format=custom", `--file=${file}`];
      await runProgram(programs, "pg_dump", from, cluster.folder);
      return file;
    },
    /** Puts a dump in the place of the database. */
    restore: async (file: string) => {
      await administer(cluster, [`drop database ${name}`, `create database ${name} owner ${name}`]);
      await runProgram(
        programs,
        "pg_restore",
        [`--dbname=${urlOf(cluster, { database: name })}`, file],
        cluster.folder,
      );
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Saves the database, goes on working with it, and puts back what was saved. */
async function goBack(stage: Awaited<ReturnType<typeof setStage>>) {
  await using server = await stage.start();
  const alice = await server.client("alice");
  const { id } = await signIn(alice, provider);
  const { token } = await grant(alice, { provider });
  const file = await stage.dump();
  await stage.connect(alice, "after the backup");
  expect((await refresh(alice, id)).__typename).toBe("RefreshCredentialPayload");
  const { eventCursor } = (await alice.execute(viewerQuery)).viewer;
  await server[Symbol.asyncDispose]();
  await stage.restore(file);
  return { id, token, eventCursor };
}

describe("a dump that is restored", () => {
  test("ends the cursors from before it, and streams go on from the new place without a gap", async () => {
    await using stage = await setStage();
    const { eventCursor } = await goBack(stage);
    expect((await stage.command("restored")).code).toBe(0);
    await using server = await stage.start();
    const alice = await server.client("alice");
    // As many events as were lost, so that the number of the old cursor is there again.
    await stage.connect(alice, "one");
    await stage.connect(alice, "another");
    await using old = await alice.subscribeSse(eventsSubscription, { after: eventCursor });
    expect((await old.next()).errors?.[0]?.extensions?.code).toBe("CURSOR_EXPIRED");

    const { viewer } = await alice.execute(viewerQuery);
    await stage.connect(alice, "the next");
    await using events = await alice.subscribeSse(eventsSubscription, { after: viewer.eventCursor });
    expect((await events.next()).data?.events).toMatchObject({ __typename: "CredentialStored" });
  });

  test("serves with the access tokens that it has, and sends no used refresh token before they expire", async () => {
    await using stage = await setStage();
    const { id, token } = await goBack(stage);
    expect((await stage.command("restored")).code).toBe(0);
    await using server = await stage.start();
    const alice = await server.client("alice");
    expect(server.logs.join("")).not.toContain(`"event":"timeline.began"`);
    const sent = stage.vendor.oracle.refreshes;
    expect((await grant(alice, { provider })).token).toBe(token);
    expect((await refresh(alice, id)).__typename).toBe("ProviderUnavailableError");
    expect(stage.vendor.oracle).toMatchObject({ refreshes: sent, reuses: 0 });

    // Hardly anything is left to lose: it is tried, and the provider's refusal is told to the user.
    await stage.change("expires_at = clock_timestamp(), replay_after = clock_timestamp()");
    expect((await refresh(alice, id)).__typename).not.toBe("RefreshCredentialPayload");
    expect(stage.vendor.oracle.reuses).toBe(1);
    const state = await readState({ alice, id });
    expect([state.status, state.statusReason]).toEqual(["NEEDS_REAUTH", expect.any(String)]);
    await signIn(alice, provider);
    expect((await readState({ alice, id })).status).toBe("ACTIVE");
  });

  test("is taken for a copy until the operator says otherwise: nothing is sent, and whoever asks is told why", async () => {
    await using stage = await setStage();
    const { id } = await goBack(stage);
    await using server = await stage.start();
    const alice = await server.client("alice");
    expect(server.logs.join("")).toContain(`"event":"timeline.began"`);
    await stage.change("expires_at = clock_timestamp() - interval '1 minute'");
    const answer = await refresh(alice, id);
    expect(answer).toMatchObject({ message: expect.stringContaining("maestro-auth restored") });
    expect(stage.vendor.oracle.reuses).toBe(0);
  });
});
