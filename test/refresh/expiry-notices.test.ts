import { expect, inject, test, vi } from "vitest";
import { openVault } from "../../src/credentials/vault.ts";
import { inProcessDoorbell } from "../../src/events/doorbell.ts";
import { Outbox } from "../../src/events/outbox.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { ExpiryNotices } from "../../src/refresh/expiry-notices.ts";
import { authenticateMutation, credentialEventsSubscription } from "../client/operations.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { holdable } from "../support/holdable-database.ts";
import { patience } from "../support/patience.ts";
import { startTestApp } from "../support/test-app.ts";
import {
  makeDue,
  never,
  readEvents,
  readRow,
  readState,
  refresh,
  type RefreshStage,
  setRefreshStage,
  startNeighbour,
} from "./refresh-stage.ts";

const eager = { refresh: { intervalMs: 50 } };
const day = 86_400;
/** While a notice is being sent, it is put off by so much. */
const claimSeconds = 30;

/** A stage whose user's sign-in came without a refresh token. */
async function stageWithoutRefreshToken(options = {}): Promise<RefreshStage> {
  const stage = await setRefreshStage("anthropic", options);
  stage.vendor.tokenOverrides = { refresh_token: undefined };
  await signIn(stage.alice, "anthropic");
  return stage;
}

/** The time of the next notice has come; all end in so many seconds. */
async function makeNoticeDue({ database }: Pick<RefreshStage, "database">, expiresIn: number): Promise<void> {
  await database.em().execute(
    `update provider_credentials set expires_at = clock_timestamp() + ? * interval '1 second',
        expiry_notice_at = clock_timestamp() - interval '1 second'`,
    [expiresIn],
  );
}

const types = async (stage: RefreshStage) => (await readEvents(stage)).map(({ type }) => type);

test("a sign-in without a refresh token is announced once when it expires soon, and once when it has", async () => {
  await using stage = await stageWithoutRefreshToken(eager);
  await using events = await stage.alice.subscribeSse(credentialEventsSubscription, {});
  await makeNoticeDue(stage, 100);
  const { expiresAt } = await readState(stage);
  expect((await events.next()).data?.credentialEvents).toMatchObject({
    __typename: "TokenExpiring",
    credentialId: stage.id,
    expiresAt,
    credential: { status: "EXPIRING" },
  });
  const row = await readRow(stage);
  expect(row.noticeIn).toBeCloseTo(row.expiresIn!, 1);
  await makeNoticeDue(stage, -1);
  expect((await events.next()).data?.credentialEvents).toMatchObject({
    __typename: "TokenExpired",
    credential: { status: "EXPIRED" },
  });
  expect(await readRow(stage)).toMatchObject({ noticeIn: null });
  expect(await types(stage)).toEqual(["TokenExpiring", "TokenExpired"]);
});

test("one that is refreshed in time is not announced, neither before nor after", async () => {
  await using stage = await setRefreshStage("anthropic");
  await makeDue(stage);
  await makeNoticeDue(stage, 120);
  await using _worker = await startNeighbour(stage, eager);
  await vi.waitFor(async () => expect(await readRow(stage)).toMatchObject({ version: 2 }), patience);
  expect(await types(stage)).toEqual(["TokenRefreshed"]);
  expect((await readRow(stage)).noticeIn).toBeGreaterThan(3000);
});

test("the notice of one whose refresh is still to come is put off", async () => {
  await using stage = await setRefreshStage("anthropic", eager);
  await stage.database
    .em()
    .execute("update provider_credentials set next_try_at = clock_timestamp() + interval '1000 s'");
  await makeNoticeDue(stage, 4000);
  await vi.waitFor(async () => expect((await readRow(stage)).noticeIn).toBeGreaterThan(claimSeconds), patience);
  expect((await readRow(stage)).noticeIn).toBeLessThanOrEqual(1000);
  expect(await types(stage)).toEqual([]);
});

test("one whose refresh has failed is announced", async () => {
  await using stage = await setRefreshStage("anthropic", eager);
  stage.vendor.next("/token", { kind: "status", status: 503, headers: { "retry-after": "600" } });
  await refresh(stage.alice, stage.id);
  await makeNoticeDue(stage, 100);
  await vi.waitFor(async () => expect(await types(stage)).toEqual(["TokenRefreshFailed", "TokenExpiring"]), patience);
  const { statusReason } = await readState(stage);
  expect(statusReason).toContain("The last refresh failed: Anthropic (Claude) gave no usable answer (status 503).");
});

test("one whose refresh nobody makes is announced when that is overdue", async () => {
  await using stage = await setRefreshStage("anthropic");
  await makeDue(stage);
  await makeNoticeDue(stage, 4000);
  // A server whose operator has taken the OAuth client away.
  await using _worker = await startTestApp({ database: stage.database, ...eager });
  await vi.waitFor(async () => expect((await readRow(stage)).noticeIn).toBeGreaterThan(claimSeconds), patience);
  expect(await types(stage)).toEqual([]);
  await stage.database
    .em()
    .execute("update provider_credentials set next_try_at = clock_timestamp() - interval '11 s'");
  await makeNoticeDue(stage, 100);
  await vi.waitFor(async () => expect(await types(stage)).toEqual(["TokenExpiring"]), patience);
});

test("one that its provider lets nobody refresh before it expires is announced", async () => {
  await using stage = await setRefreshStage("openai", eager);
  await makeNoticeDue(stage, 100);
  await vi.waitFor(async () => expect(await types(stage)).toEqual(["TokenExpiring"]), patience);
});

test("one that has expired is announced though the server goes on trying, and not again when it is renewed", async () => {
  await using stage = await setRefreshStage("anthropic", eager);
  await stage.database.em().execute("update provider_credentials set next_try_at = clock_timestamp() + interval '1 h'");
  await makeNoticeDue(stage, -1);
  await vi.waitFor(async () => expect(await types(stage)).toEqual(["TokenExpired"]), patience);
  await refresh(stage.alice, stage.id);
  expect(await types(stage)).toEqual(["TokenExpired", "TokenRefreshed"]);
  expect((await readRow(stage)).noticeIn).toBeGreaterThan(3000);
});

test("an API key that is known to end is announced a week before, and then a day before", async () => {
  await using stage = await setRefreshStage("anthropic", eager);
  const { authenticate } = await stage.alice.execute(authenticateMutation, {
    input: { provider: "anthropic", credential: { apiKey: stage.api.key } },
  });
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
  await stage.database.em().execute("delete from provider_credentials where auth_method = 'oauth'");
  await makeNoticeDue(stage, 6 * day);
  await vi.waitFor(async () => expect(await types(stage)).toEqual(["TokenExpiring"]), patience);
  const row = await readRow(stage);
  expect(row.expiresIn! - row.noticeIn!).toBeCloseTo(day, 0);
});

test("what its user has to connect again is not announced any more", async () => {
  await using stage = await setRefreshStage("anthropic", eager);
  stage.vendor.next("/token", { kind: "status", status: 400, body: { error: "invalid_grant" } });
  await refresh(stage.alice, stage.id);
  expect(await readRow(stage)).toMatchObject({ noticeIn: null, nextTryIn: null });
});

test("of two processes that look at the same moment one sends each notice", async () => {
  await using stage = await stageWithoutRefreshToken({ refresh: { intervalMs: never } });
  const { alice, database, config } = stage;
  for (const label of ["b", "c", "d"]) await signIn(alice, "anthropic", { label });
  const { store, scheduler } = await openVault(database, config, systemClock);
  const outbox = new Outbox(database, inProcessDoorbell());
  const processes = Array.from(
    { length: 2 },
    () => new ExpiryNotices({ database, store, scheduler, outbox, clock: systemClock }),
  );
  await makeNoticeDue(stage, 100);
  await Promise.all(processes.map((notices) => notices.send()));
  expect(await types(stage)).toEqual(Array.from({ length: 4 }, () => "TokenExpiring"));
  await makeNoticeDue(stage, -1);
  await Promise.all(processes.map((notices) => notices.send()));
  expect((await types(stage)).slice(4)).toEqual(Array.from({ length: 4 }, () => "TokenExpired"));
});

/** Notices of one process, over a database whose next transaction can be held. */
async function holdableNotices(stage: RefreshStage) {
  const { database, hold } = holdable(stage.database);
  const { store, scheduler } = await openVault(database, stage.config, systemClock);
  const outbox = new Outbox(database, inProcessDoorbell());
  return { notices: new ExpiryNotices({ database, store, scheduler, outbox, clock: systemClock }), hold };
}

test("a notice that a refresh has moved on meanwhile is not sent, and stays where it was moved to", async () => {
  await using stage = await stageWithoutRefreshToken({ refresh: { intervalMs: never } });
  const { notices, hold } = await holdableNotices(stage);
  await makeNoticeDue(stage, 100);
  const held = hold();
  const sending = notices.send();
  await held.reached;
  await stage.database
    .em()
    .execute("update provider_credentials set expiry_notice_at = clock_timestamp() + interval '1 h'");
  held.release();
  await sending;
  expect(await types(stage)).toEqual([]);
  expect((await readRow(stage)).noticeIn).toBeGreaterThan(3000);
});

test("a process that stops finishes the notice that it is sending, and leaves the others", async () => {
  await using stage = await stageWithoutRefreshToken({ refresh: { intervalMs: never } });
  for (const label of ["b", "c"]) await signIn(stage.alice, "anthropic", { label });
  const { notices, hold } = await holdableNotices(stage);
  await makeNoticeDue(stage, 100);
  const held = hold();
  const sending = notices.send();
  await held.reached;
  notices.stop();
  held.release();
  await sending;
  expect(await types(stage)).toEqual(["TokenExpiring"]);
});

test.skipIf(inject("testRun").databaseUrl === null)(
  "a row that somebody holds keeps the notices of the others from nobody",
  async () => {
    await using stage = await stageWithoutRefreshToken({ refresh: { intervalMs: never } });
    await signIn(stage.alice, "anthropic", { label: "held" });
    const { notices } = await holdableNotices(stage);
    await makeNoticeDue(stage, 100);
    await stage.database.transaction(async (em) => {
      await em.execute("select 1 from provider_credentials where label = 'held' for update");
      await notices.send();
    });
    expect(await types(stage)).toEqual(["TokenExpiring"]);
  },
);
