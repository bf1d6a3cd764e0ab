import { describe, expect, test } from "vitest";
import { completeOAuthMutation, credentialEventsSubscription, oauthFlowSubscription } from "../../client/operations.ts";
import { Browser } from "../../support/authorization-server/browser.ts";
import { begin, dump, setOAuthStage } from "./oauth-stage.ts";
import { pollNow, setStandardStage } from "./standard-provider.ts";

const stages = { openai: () => setOAuthStage("openai"), standard: setStandardStage };

describe.each(Object.entries(stages))("%s", (provider, open) => {
  test("the user enters the code elsewhere, and the flow completes by itself", async () => {
    await using stage = await open();
    const client = await stage.client("alice");
    const flow = await begin(client, provider, { kind: "DEVICE", label: "work" });
    expect(flow).toMatchObject({ kind: "DEVICE", authorizationUrl: null, redirectUri: null, state: null });
    await using events = await client.subscribeSse(credentialEventsSubscription);
    await using subscription = await client.subscribeWebSocket(oauthFlowSubscription, { id: flow.id });
    expect((await subscription.next()).data?.oauthFlow).toMatchObject({ status: "PENDING" });

    const page = await new Browser().enterUserCode(flow.verificationUri!, flow.userCode!);
    expect(page).toContain("You may close this page.");
    await pollNow(stage);
    const completed = (await subscription.next()).data?.oauthFlow;
    expect(completed).toMatchObject({ status: "COMPLETED", credential: { id: expect.any(String) }, error: null });
    await expect(subscription.next()).rejects.toThrow("has ended");
    expect((await events.next()).data?.credentialEvents).toMatchObject({
      __typename: "CredentialStored",
      credentialId: completed!.credential!.id,
      label: "work",
    });
    expect(await dump(stage.database, "audit_log")).toHaveLength(1);
  });
});

test("a user who declines ends the flow as DENIED, and nothing is stored", async () => {
  await using stage = await setStandardStage();
  const client = await stage.client("alice");
  const flow = await begin(client, "standard", { kind: "DEVICE" });
  await using subscription = await client.subscribeSse(oauthFlowSubscription, { id: flow.id });
  await subscription.next();
  stage.vendor.next("/token", { kind: "status", status: 400, body: { error: "access_denied" } });
  await pollNow(stage);
  const denied = (await subscription.next()).data?.oauthFlow;
  expect(denied).toMatchObject({ status: "DENIED", credential: null, error: { __typename: "OAuthDeniedError" } });
  await expect(subscription.next()).rejects.toThrow("has ended");
  expect(await dump(stage.database, "provider_credentials", "events")).toEqual([]);
  expect(await dump(stage.database, "audit_log")).toEqual([expect.stringContaining('"outcome": "OAUTH_DENIED"')]);
});

test("a sign-in that fails in this server ends its flow once, and is on record once", async () => {
  await using stage = await setOAuthStage("openai");
  const client = await stage.client("alice");
  const flow = await begin(client, "openai", { kind: "DEVICE" });
  await using subscription = await client.subscribeSse(oauthFlowSubscription, { id: flow.id });
  await subscription.next();
  await new Browser().enterUserCode(flow.verificationUri!, flow.userCode!);
  // No credential can be stored.
  await stage.database.em().execute("alter table provider_credentials add constraint broken check (false)");
  try {
    await pollNow(stage);
    expect((await subscription.next()).data?.oauthFlow).toMatchObject({ status: "FAILED" });
  } finally {
    await stage.database.em().execute("alter table provider_credentials drop constraint broken");
  }
  expect(await dump(stage.database, "audit_log")).toEqual([
    expect.stringContaining('"outcome": "PROVIDER_UNAVAILABLE"'),
  ]);
});

test.each([{ kind: "status", status: 500 }, { kind: "reset" }, { kind: "html" }] as const)(
  "a poll that ends in %o leaves the flow PENDING, to be asked for again later",
  async (fault) => {
    await using stage = await setOAuthStage("openai");
    const client = await stage.client("alice");
    const flow = await begin(client, "openai", { kind: "DEVICE" });
    await using subscription = await client.subscribeSse(oauthFlowSubscription, { id: flow.id });
    await subscription.next();
    await new Browser().enterUserCode(flow.verificationUri!, flow.userCode!);
    const pollPath = "/api/accounts/deviceauth/token";
    stage.vendor.next(pollPath, fault);
    await pollNow(stage);
    await expect.poll(() => stage.vendor.requests.filter(({ path }) => path === pollPath).length).toBe(1);
    await expect
      .poll(() => dump(stage.database, "oauth_flows"))
      .toMatchObject([expect.stringMatching(/"poll_failures": 1\b/)]);
    await pollNow(stage);
    expect((await subscription.next()).data?.oauthFlow).toMatchObject({ status: "COMPLETED" });
  },
);

test("no state ends a device flow from outside", async () => {
  await using stage = await setOAuthStage("openai");
  const client = await stage.client("alice");
  await begin(client, "openai", { kind: "DEVICE" });
  const input = { code: { code: "a-code", state: "a-state" } };
  const { completeOAuth } = await client.execute(completeOAuthMutation, { input });
  expect(completeOAuth.__typename).toBe("OAuthStateError");
});
