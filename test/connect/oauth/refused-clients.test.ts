import { expect, test } from "vitest";
import { vendorText } from "../../support/authorization-server/dialect.ts";
import type { TestClient } from "../../support/test-client.ts";
import { begin, complete, consent, initiate, type OAuthStage, readFlow, setOAuthStage, signIn } from "./oauth-stage.ts";
import { pollNow } from "./standard-provider.ts";

async function complaintOf(client: TestClient, provider: string): Promise<string | null> {
  const response = await client.post({ query: `{ provider(name: "${provider}") { health { status complaint } } }` });
  const { data } = (await response.json()) as { data: { provider: { health: { complaint: string | null } } } };
  return data.provider.health.complaint;
}

/** The operator reads the vendor's code in the log and in the complaint; the user reads whom to tell. */
async function expectTold(stage: OAuthStage, provider: string, code: string, message: string): Promise<void> {
  const client = await stage.client("operator");
  const complaint = await complaintOf(client, provider);
  expect(complaint).toContain(code);
  expect(complaint).toContain(`${provider.toUpperCase()}_OAUTH_CLIENT_ID`);
  expect(stage.logs.join("")).toContain(`"vendorCode":"${code}"`);
  expect(message).toMatch(/Your account is not the reason: the operator has to check/);
  for (const text of [message, complaint, ...stage.logs]) expect(text).not.toContain(vendorText);
}

const error = (status: number, code: string) =>
  ({ kind: "status", status, body: { error: code, error_description: vendorText } }) as const;

test.each([
  ["invalid_client", 401],
  ["unauthorized_client", 400],
  ["redirect_uri_mismatch", 400],
  ["invalid_scope", 400],
])("a code exchange that is refused by %s: the operator is told, until one succeeds", async (code, status) => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const { answer } = await consent(client, "google");
  stage.vendor.next("/token", error(status, code));
  const refused = (await complete(client, { code: answer })) as { message: string };
  await expectTold(stage, "google", code, refused.message);
  await signIn(client, "google");
  expect(await complaintOf(client, "google")).toBeNull();
});

test.each([
  "unauthorized_client",
  "invalid_scope",
  "redirect_uri_mismatch",
  "invalid_request",
  "unsupported_response_type",
])(
  "an authorization that comes back with error=%s stands in the log, and is no complaint: a user could have written it",
  async (code) => {
    await using stage = await setOAuthStage("google");
    const client = await stage.client("alice");
    const flow = await begin(client, "google");
    const query = new URLSearchParams({ state: flow.state!, error: code, error_description: vendorText });
    const refused = (await complete(client, { pasted: `${flow.redirectUri}?${query}` })) as { message: string };
    expect(refused.message).toMatch(/Your account is not the reason: the operator has to check/);
    expect(stage.logs.join("")).toContain(`"vendorCode":"${code}"`);
    for (const text of [refused.message, ...stage.logs]) expect(text).not.toContain(vendorText);
    expect(await complaintOf(client, "google")).toBeNull();
  },
);

test("an error of the vendor's own in the callback stands in the log; what is no code does not", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  for (const code of ["admin_policy_enforced", "x\ny: forged", "<b>"]) {
    const flow = await begin(client, "google");
    const query = new URLSearchParams({ state: flow.state!, error: code });
    await complete(client, { pasted: `${flow.redirectUri}?${query}` });
  }
  const logs = stage.logs.join("");
  expect(logs).toContain('"vendorCode":"admin_policy_enforced"');
  expect(logs).toContain('"vendorCode":"unreadable"');
  expect(logs).not.toMatch(/forged|<b>/);
  expect(await complaintOf(client, "google")).toBeNull();
});

test("a device flow that is refused at its start, or at a poll, for the client's sake: the operator is told", async () => {
  await using stage = await setOAuthStage("openai");
  const client = await stage.client("alice");
  stage.vendor.next("/api/accounts/deviceauth/usercode", error(401, "invalid_client"));
  const refused = (await initiate(client, { provider: "openai", kind: "DEVICE" })) as { message: string };
  await expectTold(stage, "openai", "invalid_client", refused.message);

  const flow = await begin(client, "openai", { kind: "DEVICE" });
  stage.vendor.next("/api/accounts/deviceauth/token", error(403, "unauthorized_client"));
  await pollNow(stage);
  await expect.poll(async () => (await readFlow(client, flow.id)).status, { timeout: 60_000 }).toBe("FAILED");
  await expectTold(stage, "openai", "unauthorized_client", (await readFlow(client, flow.id)).error!.message);
});

test("a device flow that the vendor has switched off says where to switch it on, and the log has the vendor's code", async () => {
  await using stage = await setOAuthStage("openai");
  const client = await stage.client("alice");
  stage.vendor.next("/api/accounts/deviceauth/usercode", { kind: "status", status: 404, body: "" });
  expect(await initiate(client, { provider: "openai", kind: "DEVICE" })).toMatchObject({
    __typename: "MethodUnavailableError",
    message: expect.stringContaining("turn on device code authorization for Codex under Settings, Security"),
    availableMethods: ["OAUTH", "API_KEY"],
  });
  stage.vendor.next("/api/accounts/deviceauth/usercode", error(403, "device_auth_disabled"));
  await initiate(client, { provider: "openai", kind: "DEVICE" });
  expect(stage.logs.join("")).toContain('"vendorCode":"device_auth_disabled"');
});

test("OpenAI's note says whose flow DEVICE is", async () => {
  await using stage = await setOAuthStage("openai");
  const client = await stage.client("alice");
  const response = await client.post({ query: `{ provider(name: "openai") { methods { method policyNote } } }` });
  expect(await response.text()).toContain(
    "DEVICE is Codex CLI's own flow, which OpenAI does not document for other apps.",
  );
});
