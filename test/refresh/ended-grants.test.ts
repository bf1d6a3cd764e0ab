import { expect, test } from "vitest";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { vendorText } from "../support/authorization-server/dialect.ts";
import {
  endWaits,
  issue,
  readEvents,
  readRow,
  readState,
  refresh,
  sentRefreshTokens,
  setRefreshStage,
} from "./refresh-stage.ts";

const answer = (status: number, error: string) => ({
  kind: "status" as const,
  status,
  body: { error, error_description: vendorText },
});

test("invalid_grant ends the sign-in, in words that say what to do", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id, vendor } = stage;
  const { sealed } = await readRow(stage);
  vendor.next("/token", answer(400, "invalid_grant"));
  const refused = await refresh(alice, id);
  expect(refused.__typename).toBe("ReauthenticationRequiredError");

  const { statusReason, ...state } = await readState(stage);
  expect(state).toMatchObject({ status: "NEEDS_REAUTH", nextRefreshAt: null });
  expect(statusReason).toContain("Anthropic (Claude) no longer accepts this sign-in");
  expect(statusReason).not.toContain("rotation_lost");
  expect(statusReason).not.toContain(vendorText);
  expect(refused).toMatchObject({ message: statusReason });
  expect(await readEvents(stage)).toMatchObject([{ type: "ReauthenticationRequired", body: { reason: statusReason } }]);
  // For the person who looks into what happened.
  expect((await readRow(stage)).sealed).toBe(sealed);

  await endWaits(stage);
  expect((await issue(alice, { provider: "anthropic" })).__typename).toBe("ReauthenticationRequiredError");
  expect((await refresh(alice, id)).__typename).toBe("ReauthenticationRequiredError");
  expect(sentRefreshTokens(vendor)).toHaveLength(1);
});

test("a vendor's own name for a dead refresh token means the same", async () => {
  await using stage = await setRefreshStage("openai");
  await stage.database.em().execute("update provider_credentials set earliest_refresh_at = null");
  const error = { code: "refresh_token_expired", type: "invalid_request_error", message: vendorText };
  stage.vendor.next("/token", { kind: "status", status: 401, body: { error } });
  await refresh(stage.alice, stage.id);
  expect((await readState(stage)).status).toBe("NEEDS_REAUTH");
});

test("a request that the provider finds wrong says nothing against the grant, and pauses nothing", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id, vendor } = stage;
  vendor.next("/token", answer(400, "invalid_scope"));
  expect((await refresh(alice, id)).__typename).toBe("ProviderUnavailableError");
  expect(await readRow(stage)).toMatchObject({ status: "active", failures: 1, isSent: false });
  await endWaits(stage);
  expect((await refresh(alice, id)).__typename).toBe("RefreshCredentialPayload");
});

test("a refresh that goes through ends the complaint that the provider refuses this server's client", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "received" });
  const { alice, id, vendor, hold } = stage;
  const others = await Promise.all(["bob", "carol", "dave"].map((user) => stage.client(user)));
  const ids: string[] = [];
  for (const client of others) ids.push((await signIn(client, "anthropic")).id);
  const answered = refresh(alice, id);
  await hold.reached;
  for (const [index, client] of others.entries()) {
    vendor.next("/token", answer(401, "invalid_client"));
    await refresh(client, ids[index]!);
  }
  expect((await readState(stage)).provider.health).toMatchObject({ status: "DEGRADED" });
  hold.release();
  expect((await answered).__typename).toBe("RefreshCredentialPayload");
  expect((await readState(stage)).provider.health).toMatchObject({ status: "HEALTHY", complaint: null });
});
