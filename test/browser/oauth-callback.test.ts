import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  completeOAuthMutation,
  credentialsQuery,
  initiateOAuthMutation,
  oauthFlowSubscription,
} from "../client/operations.ts";
import { Application, foreignOrigin, listedOrigin, type PopupStage, startPopupStage } from "./popup-stage.ts";

const tokens = { access_token: "a-secret-access-token", refresh_token: "a-secret-refresh-token" };

/** Begins a flow elsewhere than in the browser. */
async function beginOutside({ server }: PopupStage, user: string) {
  const client = await server.client(user);
  const response = await client.post({
    query: initiateOAuthMutation.toString(),
    variables: { input: { provider: "google" } },
  });
  const { data } = (await response.json()) as {
    data: { initiateOAuth: { flow: { id: string; state: string; authorizationUrl: string } } };
  };
  const [, name, value] = /^([^=]+)=([^;]+)/.exec(response.headers.getSetCookie()[0]!)!;
  return { ...data.initiateOAuth.flow, client, cookie: { name: name!, value: value! } };
}

async function expectNothingStored({ client, id }: Awaited<ReturnType<typeof beginOutside>>): Promise<void> {
  await using changes = await client.subscribeSse(oauthFlowSubscription, { id });
  expect((await changes.next()).data?.oauthFlow.status).toBe("PENDING");
  expect((await client.execute(credentialsQuery)).viewer.credentials.nodes).toEqual([]);
}

test("a popup goes through consent to the callback, which completes the flow and tells the page that opened it", async () => {
  await using stage = await startPopupStage();
  stage.google.tokenOverrides = tokens;
  const context = await stage.newContext();
  const application = await Application.open(context, stage.origin);
  const popup = await application.popup(await application.begin(await stage.server.token("alice")), "Connected");

  const told = await application.toldBy(popup);
  expect(told).toEqual([{ origin: stage.origin, data: { type: "maestro-auth:flow", outcome: "completed" } }]);
  expect(popup.url()).toBe(`${stage.origin}/auth/google/callback`);
  const everything = JSON.stringify([told, await popup.content()]);
  for (const token of Object.values(tokens)) expect(everything).not.toContain(token);
  // What is loaded again, by a reload or from the address of the redirect, shows what happened.
  await popup.reload();
  await popup.getByRole("heading", { name: "Connected", exact: true }).waitFor();
  const client = await stage.server.client("alice");
  expect((await client.execute(credentialsQuery)).viewer.credentials.nodes).toMatchObject([{ method: "OAUTH" }]);
  expect(stage.offences).toEqual([]);
});

test("who says no comes to a page that says so, and the page that opened it is told", async () => {
  await using stage = await startPopupStage();
  stage.google.user = { decision: "deny", name: "alice" };
  const application = await Application.open(await stage.newContext(), stage.origin);
  const popup = await application.popup(await application.begin(await stage.server.token("alice")), "Not connected");
  expect(await application.toldBy(popup)).toMatchObject([{ data: { type: "maestro-auth:flow", outcome: "denied" } }]);
  expect(new URL(popup.url()).search).toBe("");
  expect(stage.offences).toEqual([]);
});

test("a provider that is busy keeps the popup waiting, and then it is connected without anybody's doing", async () => {
  await using stage = await startPopupStage();
  stage.google.next("/token", { kind: "status", status: 429, headers: { "retry-after": "6" } });
  const application = await Application.open(await stage.newContext(), stage.origin);
  const popup = await application.popup(await application.begin(await stage.server.token("alice")), "One moment");
  await popup.screenshot({ path: join(tmpdir(), "maestro-callback-busy.png") });
  expect(await application.toldBy(popup)).toEqual([]);
  expect(new URL(popup.url()).searchParams.has("code")).toBe(true);
  await popup.getByRole("heading", { name: "Connected", exact: true }).waitFor();
  await popup.waitForLoadState();
  expect(await application.toldBy(popup)).toMatchObject([
    { data: { type: "maestro-auth:flow", outcome: "completed" } },
  ]);
  expect(stage.offences).toEqual([]);
});

test("a refusal of the operator's client is told as such on the page", async () => {
  await using stage = await startPopupStage();
  stage.google.next("/token", { kind: "status", status: 401, body: { error: "invalid_client" } });
  const application = await Application.open(await stage.newContext(), stage.origin);
  const popup = await application.popup(await application.begin(await stage.server.token("alice")), "Not connected");
  await popup.screenshot({ path: join(tmpdir(), "maestro-callback-refused.png") });
  expect(await popup.getByRole("main").innerText()).toContain("the operator has to check GOOGLE_OAUTH_CLIENT_ID");
  await popup.reload();
  await popup.getByRole("heading", { name: "Not connected", exact: true }).waitFor();
  expect(stage.offences).toEqual([]);
});

test("without JavaScript the page says the same", async () => {
  await using stage = await startPopupStage();
  const flow = await beginOutside(stage, "alice");
  const context = await stage.newContext({ javaScriptEnabled: false });
  await context.addCookies([{ ...flow.cookie, url: stage.origin, httpOnly: true, sameSite: "Lax" }]);
  const page = await context.newPage();
  await page.goto(flow.authorizationUrl);
  expect(new URL(page.url()).origin).toBe(stage.origin);
  expect(await page.getByRole("main").innerText()).toContain("The account is connected. You can close this window.");
});

test("whoever consents to somebody else's flow connects nothing, and the page that lured them learns nothing", async () => {
  await using stage = await startPopupStage();
  const flow = await beginOutside(stage, "mallory");
  const application = await Application.open(await stage.newContext(), foreignOrigin);
  const popup = await application.popup(flow.authorizationUrl, "One step left");
  expect(new URL(popup.url()).searchParams.has("code")).toBe(true);
  expect(await application.toldBy(popup)).toEqual([]);
  await expectNothingStored(flow);
});

test("a page of a foreign origin learns nothing of a flow that completes in its popup either", async () => {
  await using stage = await startPopupStage();
  const flow = await beginOutside(stage, "alice");
  const context = await stage.newContext();
  await context.addCookies([{ ...flow.cookie, url: stage.origin, httpOnly: true, sameSite: "Lax" }]);
  const application = await Application.open(context, foreignOrigin);
  const popup = await application.popup(flow.authorizationUrl, "Connected");
  expect(await application.toldBy(popup)).toEqual([]);
});

test("an application on a listed origin is handed the code, and completes the flow under its user's token", async () => {
  await using stage = await startPopupStage();
  const flow = await beginOutside(stage, "alice");
  const application = await Application.open(await stage.newContext(), listedOrigin);
  const popup = await application.popup(flow.authorizationUrl, "One step left");
  const told = await application.toldBy(popup);
  expect(told).toEqual([
    {
      origin: stage.origin,
      data: {
        type: "maestro-auth:code",
        code: expect.any(String),
        state: flow.state,
        issuer: stage.google.issuer,
        error: null,
      },
    },
  ]);
  await expectNothingStored(flow);
  const [{ data }] = told as [{ data: { code: string; state: string; issuer: string } }];
  const { completeOAuth } = await flow.client.execute(completeOAuthMutation, {
    input: { code: { code: data.code, state: data.state, issuer: data.issuer } },
  });
  expect(completeOAuth).toMatchObject({ __typename: "CompleteOAuthPayload", flow: { status: "COMPLETED" } });
});

test("where no application listens, the user copies the page's address and pastes it there", async () => {
  await using stage = await startPopupStage();
  const flow = await beginOutside(stage, "alice");
  const context = await stage.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  await page.goto(flow.authorizationUrl);
  await page.getByText("Do so only if you began this yourself").waitFor();
  await page.getByRole("button", { name: "Copy the address" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const pasted = await page.evaluate<string>("navigator.clipboard.readText()");
  expect(pasted).toBe(page.url());
  await expectNothingStored(flow);
  const { completeOAuth } = await flow.client.execute(completeOAuthMutation, { input: { pasted } });
  expect(completeOAuth.__typename).toBe("CompleteOAuthPayload");
  expect(stage.offences).toEqual([]);
});

test("what an attacker writes into the callback's address never becomes a script", async () => {
  await using stage = await startPopupStage();
  const { state } = await beginOutside(stage, "mallory");
  const attack = `</script><script>opener.postMessage("pwned", "*")</script><img src=x onerror=alert(1)>\u2028"'`;
  const parameters = new URLSearchParams({ state, code: attack, error: attack, iss: attack });
  const application = await Application.open(await stage.newContext(), listedOrigin);
  const url = `${stage.origin}/auth/google/callback?${parameters.toString()}`;
  const popup = await application.popup(url, "One step left");
  expect(await popup.evaluate("[document.scripts.length, document.images.length]")).toEqual([2, 0]);
  expect(await application.toldBy(popup)).toEqual([
    { origin: stage.origin, data: { type: "maestro-auth:code", state, code: attack, error: attack, issuer: attack } },
  ]);
  expect(stage.offences).toEqual([]);
});
