import { expect, test } from "vitest";
import type { AuthorizationFault } from "../support/authorization-server/fault.ts";
import {
  endWaits,
  expire,
  grant,
  issue,
  makeDue,
  readEvents,
  readRow,
  readState,
  refresh,
  sentRefreshTokens,
  setRefreshStage,
} from "./refresh-stage.ts";

/** After each the provider may have used the refresh token up. */
const faults: [string, AuthorizationFault][] = [
  ["silence", { kind: "hang" }],
  ["a cut connection", { kind: "reset" }],
  ["an answer that is lost", { kind: "lost" }],
  ["a page", { kind: "html" }],
  ["broken JSON", { kind: "rubbish" }],
  ["tokens inside a page", { kind: "in-a-page" }],
  ["an answer that is too large", { kind: "huge" }],
  ["a redirect", { kind: "redirect", location: "http://127.0.0.1:9/" }],
  ["a gateway that stopped waiting", { kind: "status", status: 504 }],
  ["a success without tokens", { kind: "status", status: 200, body: {} }],
  ["a token that cannot be used", { kind: "status", status: 200, body: { access_token: "two words" } }],
  [
    "an answer that nobody can unpack",
    { kind: "status", status: 200, headers: { "content-encoding": "compress" }, body: "\u001f\u009d" },
  ],
];

test.each(faults)(
  "after %s a provider that rotates is not sent the same refresh token until shortly before the expiry",
  async (_name, fault) => {
    await using stage = await setRefreshStage("anthropic", { http: { deadlineMs: 1_500 } });
    const { alice, id, vendor } = stage;
    const before = await readRow(stage);
    const old = await grant(alice, { provider: "anthropic" });
    vendor.next("/token", fault);
    expect((await refresh(alice, id)).__typename).toBe("ProviderUnavailableError");

    const row = await readRow(stage);
    expect(row).toMatchObject({ version: 1, status: "active", failures: 1, isSent: true, leaseIn: null });
    expect(row.sealed).toBe(before.sealed);
    expect(row.expiresIn! - row.replayIn!).toBeCloseTo(60, 0);
    expect(row.nextTryIn).toBeCloseTo(row.replayIn!, 1);
    expect(await readState(stage)).toMatchObject({ status: "ACTIVE", statusReason: null });
    expect(await grant(alice, { provider: "anthropic" })).toEqual(old);

    const [event] = await readEvents(stage);
    expect(event).toMatchObject({ type: "TokenRefreshFailed" });
    expect(event!.body["retryAt"]).toBe((await readState(stage)).nextRefreshAt);
    const again = await refresh(alice, id);
    expect(again).toMatchObject({
      __typename: "ProviderUnavailableError",
      message: expect.stringContaining("The outcome of the last refresh at Anthropic (Claude) is not known") as string,
    });
    expect("retryAfter" in again && again.retryAfter).toBeGreaterThan(3000);
    expect(sentRefreshTokens(vendor)).toHaveLength(1);
  },
);

test("when the lost refresh was not carried out, the replay succeeds", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id, vendor } = stage;
  vendor.next("/token", { kind: "reset" });
  await refresh(alice, id);
  await endWaits(stage);
  expect((await refresh(alice, id)).__typename).toBe("RefreshCredentialPayload");
  expect(await readRow(stage)).toMatchObject({ version: 2, failures: 0, isSent: false, replayIn: null });
  expect(vendor.oracle).toMatchObject({ successes: 1, reuses: 0 });
});

test("when it was, the replay ends in NEEDS_REAUTH with the reason rotation_lost", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id, vendor } = stage;
  vendor.next("/token", { kind: "lost" });
  await refresh(alice, id);
  await endWaits(stage);
  expect(await refresh(alice, id)).toMatchObject({
    __typename: "ReauthenticationRequiredError",
    message: expect.stringContaining("rotation_lost") as string,
  });
  const { statusReason, ...state } = await readState(stage);
  expect(state).toMatchObject({ status: "NEEDS_REAUTH", nextRefreshAt: null });
  expect(statusReason).toContain("The response to an earlier refresh was lost");
  expect(statusReason).toContain("rotation_lost");
  expect(await readEvents(stage)).toMatchObject([
    { type: "TokenRefreshFailed" },
    { type: "ReauthenticationRequired", body: { reason: statusReason } },
  ]);
  expect(vendor.oracle).toMatchObject({ refreshes: 2, successes: 1, reuses: 1 });
});

test("an outage during the replay does not make the first outcome known", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id, vendor } = stage;
  vendor.next("/token", { kind: "lost" });
  await refresh(alice, id);
  await endWaits(stage);
  vendor.next("/token", { kind: "status", status: 503 });
  await refresh(alice, id);
  const row = await readRow(stage);
  expect(row).toMatchObject({ status: "active", failures: 2, isSent: true });
  expect(row.nextTryIn).toBeLessThan(60);
  await endWaits(stage);
  await refresh(alice, id);
  expect((await readState(stage)).statusReason).toContain("rotation_lost");
});

test("a provider that does not rotate is asked again soon, and gives what was lost", async () => {
  await using stage = await setRefreshStage("google");
  const { alice, id, vendor } = stage;
  vendor.next("/token", { kind: "lost" });
  expect((await refresh(alice, id)).__typename).toBe("ProviderUnavailableError");
  const row = await readRow(stage);
  expect(row).toMatchObject({ version: 1, isSent: true, failures: 1 });
  expect(row.nextTryIn).toBeLessThan(2);
  expect(row.replayIn).toBeLessThan(2);

  await makeDue(stage);
  await grant(alice, { provider: "google" });
  expect(await readRow(stage)).toMatchObject({ version: 2, failures: 0, isSent: false });
  const [first, second] = sentRefreshTokens(vendor);
  expect(second).toBe(first);
  expect(vendor.oracle.reuses).toBe(0);
});

test("at a provider that does not rotate nothing can be lost: a refused replay has the plain reason", async () => {
  await using stage = await setRefreshStage("google");
  const { alice, id, vendor } = stage;
  vendor.next("/token", { kind: "lost" });
  await refresh(alice, id);
  await endWaits(stage);
  vendor.next("/token", { kind: "status", status: 400, body: { error: "invalid_grant" } });
  await refresh(alice, id);
  const { status, statusReason } = await readState(stage);
  expect(status).toBe("NEEDS_REAUTH");
  expect(statusReason).not.toContain("rotation_lost");
});

test("of an expired token nothing is left to lose: its refresh token is sent again after the lease", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, vendor } = stage;
  await expire(stage);
  vendor.next("/token", { kind: "reset" });
  const refused = await issue(alice, { provider: "anthropic" });
  expect(refused.__typename).toBe("ProviderUnavailableError");
  const row = await readRow(stage);
  expect(row).toMatchObject({ isSent: true });
  expect(row.replayIn).toBeLessThan(30.1);
  await endWaits(stage);
  expect((await grant(alice, { provider: "anthropic" })).method).toBe("OAUTH");
});
