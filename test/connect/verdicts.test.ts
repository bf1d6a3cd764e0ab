import { describe, expect, test } from "vitest";
import {
  authenticateMutation,
  credentialEventsSubscription,
  importCredentialMutation,
  issueAccessMutation,
  validateCredentialMutation,
  verdictQuery,
  viewerQuery,
} from "../client/operations.ts";
import type { Answer } from "../support/mock-provider/answer.ts";
import { answering, refusals } from "../support/mock-provider/refusals.ts";
import type { TestClient } from "../support/test-client.ts";
import { dump, type OAuthStage, setOAuthStage, signIn } from "./oauth/oauth-stage.ts";

/** What the verdicts of a provider's entry do to what is stored, by all doors. */
type Vendor = "anthropic" | "openai" | "google";
type Door = "key" | "sign-in";

const { anthropic, openai, google } = refusals;

const success = { status: 200, body: { data: [], models: [] } };
const secrets: Record<Door, string> = { key: "a-key-of-the-verdicts", "sign-in": "an-access-token-of-the-verdicts" };

async function connect(client: TestClient, provider: Vendor, door: Door) {
  if (door === "key") {
    const input = { provider, credential: { apiKey: secrets.key } };
    return (await client.execute(authenticateMutation, { input })).authenticate;
  }
  // Without a refresh token, so that no refresh stands between the answer and what follows from it.
  const input = { provider, accessToken: secrets["sign-in"], expiresAt: "2036-11-01T12:00:00.000Z" };
  return (await client.execute(importCredentialMutation, { input })).importCredential;
}

async function look(client: TestClient, provider: Vendor) {
  const { viewer, provider: found } = await client.execute(verdictQuery, { provider });
  const { status, complaint } = found!.health;
  return { credential: viewer.credentials.nodes[0], count: viewer.credentials.nodes.length, health: status, complaint };
}

/** A stage on which alice has connected the vendor while all was well. */
async function connected(provider: Vendor, door: Door): Promise<OAuthStage & { alice: TestClient; id: string }> {
  const stage = await setOAuthStage(provider);
  const client = await stage.client("alice");
  stage.api.next(answering(success));
  await connect(client, provider, door);
  const { credential } = await look(client, provider);
  return { ...stage, alice: client, id: credential!.id };
}

async function validate(client: TestClient, credentialId: string) {
  return (await client.execute(validateCredentialMutation, { input: { credentialId } })).validateCredential;
}

async function issue(client: TestClient, provider: Vendor, rejectedGrantId?: string) {
  return (await client.execute(issueAccessMutation, { input: { provider, rejectedGrantId: rejectedGrantId ?? null } }))
    .issueAccess;
}

type Row = [name: string, vendor: Vendor, door: Door, answer: Answer, text: string];

const blocked: Row[] = [
  ["Anthropic's region", "anthropic", "key", anthropic.region, "the place that this server calls from"],
  [
    "the same with 401",
    "anthropic",
    "sign-in",
    { ...anthropic.region, status: 401 },
    "the place that this server calls",
  ],
  ["Anthropic's IP allowlist", "anthropic", "key", anthropic.ipAllowlist, "IP allowlist"],
  ["OpenAI's region", "openai", "sign-in", openai.region, "unsupported_country_region_territory"],
  ["OpenAI's IP allowlist, with 401", "openai", "key", openai.ipAllowlist, "IP allowlist"],
  ["Google's region, with 400", "google", "key", google.region, "region"],
  ["Google's IP restriction", "google", "key", google.ipAddressBlocked, "application restrictions"],
  ["a firewall's page", "openai", "key", { status: 403, body: "<html>Blocked</html>" }, "status 403"],
  ["a reason that nobody knows", "google", "sign-in", { status: 401, body: { error: { code: "teapot" } } }, "teapot"],
];

describe("a refusal of the place, or for an unknown reason, is none of the credential", () => {
  test.each(blocked)("%s (%s, %s): a stored one stays as it is", async (_name, vendor, door, answer, text) => {
    await using stage = await connected(vendor, door);
    const { alice: client, id, api } = stage;
    const before = await dump(stage.database, "provider_credentials");
    api.always(answering(answer));
    for (let i = 0; i < 3; i++) {
      expect(await validate(client, id)).toMatchObject({
        code: "PROVIDER_UNAVAILABLE",
        message: expect.stringContaining(text),
      });
    }
    expect(await dump(stage.database, "provider_credentials")).toEqual(before);
    expect(await look(client, vendor)).toMatchObject({
      credential: { status: "ACTIVE", warning: null },
      health: "HEALTHY",
    });
    expect((await issue(client, vendor)).__typename).toBe("IssueAccessPayload");
    api.always(answering(success));
    expect((await validate(client, id)).__typename).toBe("ValidateCredentialPayload");
  });

  test.each(blocked)(
    "%s (%s, %s): a new one is not stored, for nothing speaks for it",
    async (_name, vendor, door, answer, text) => {
      await using stage = await setOAuthStage(vendor);
      const client = await stage.client("alice");
      stage.api.always(answering(answer));
      const refused = await connect(client, vendor, door);
      expect(refused).toMatchObject({ code: "PROVIDER_UNAVAILABLE", message: expect.stringContaining(text) });
      expect(JSON.stringify(refused)).not.toContain(secrets[door]);
      expect(await look(client, vendor)).toMatchObject({ count: 0, health: "HEALTHY" });
    },
  );
});

const reserved: Row[] = [
  ["no permission for the list of models", "openai", "key", openai.modelsNotListed, "could not be fully checked"],
  ["the same with 401", "openai", "sign-in", { ...openai.modelsNotListed, status: 401 }, "could not be fully checked"],
  ["Anthropic's permission_error", "anthropic", "key", anthropic.permission, "permission_error"],
  ["Google's restriction to other methods", "google", "key", google.serviceBlocked, "could not be fully checked"],
  ["billing_not_active", "openai", "key", openai.billingNotActive, "billing is not active"],
  ["insufficient_quota", "openai", "sign-in", openai.noQuota, "used up its credit"],
  ["no credit", "anthropic", "key", anthropic.noCredit, "no credit left"],
  ["billing_error", "anthropic", "sign-in", anthropic.billing, "payment"],
  ["a project without billing", "google", "sign-in", google.billingDisabled, "billing"],
];

describe("what the vendor knows but the check does not cover is accepted, with a warning", () => {
  test.each(reserved)(
    "%s (%s, %s): connected, until a full check clears it",
    async (_name, vendor, door, answer, text) => {
      await using stage = await setOAuthStage(vendor);
      const client = await stage.client("alice");
      stage.api.always(answering(answer));
      expect((await connect(client, vendor, door)).__typename).toMatch(/Payload$/);
      const found = await look(client, vendor);
      expect(found).toMatchObject({
        credential: { status: "ACTIVE", statusReason: null, warning: expect.stringContaining(text) },
        health: "HEALTHY",
      });
      expect((await issue(client, vendor)).__typename).toBe("IssueAccessPayload");
      stage.api.always(answering(success));
      expect((await validate(client, found.credential!.id)).__typename).toBe("ValidateCredentialPayload");
      expect((await look(client, vendor)).credential).toMatchObject({ status: "ACTIVE", warning: null });
      stage.api.always(answering(answer));
      expect((await validate(client, found.credential!.id)).__typename).toBe("ValidateCredentialPayload");
      expect((await look(client, vendor)).credential?.warning).toContain(text);
      stage.api.always(answering(success));
      await connect(client, vendor, door);
      expect((await look(client, vendor)).credential).toMatchObject({ status: "ACTIVE", warning: null });
    },
  );
});

const disabled: Row[] = [
  ["a disabled organization", "anthropic", "key", anthropic.organizationDisabled, "has disabled the organization"],
  ["the same for a sign-in", "anthropic", "sign-in", anthropic.organizationDisabled, "has disabled the organization"],
  [
    "sign-ins that the organization does not allow",
    "anthropic",
    "sign-in",
    anthropic.signInsNotAllowed,
    "does not let",
  ],
  ["a deactivated account", "openai", "key", openai.deactivated, "has deactivated the account"],
  ["a suspended project", "google", "key", google.suspended, "has suspended the project"],
];

describe("a disabled account is named, and counts for nobody else", () => {
  test.each(disabled)("%s (%s, %s)", async (_name, vendor, door, answer, text) => {
    await using stage = await connected(vendor, door);
    const { alice: client, id, api } = stage;
    api.always(answering(answer));
    for (let i = 0; i < 4; i++) {
      expect(await validate(client, id)).toMatchObject({
        code: "INVALID_CREDENTIAL",
        message: expect.stringContaining(text),
      });
    }
    expect(await look(client, vendor)).toMatchObject({
      credential: { status: "ACTIVE", warning: expect.stringContaining(text) },
      health: "HEALTHY",
      complaint: null,
    });
    const granted = await issue(client, vendor);
    if (granted.__typename !== "IssueAccessPayload") throw new Error(granted.message);
    expect(await issue(client, vendor, granted.grant.grantId)).toMatchObject({
      code: "REAUTHENTICATION_REQUIRED",
      message: expect.stringContaining(text),
    });
    // Another user can connect at once, and the account may be enabled again.
    api.always(answering(success));
    expect((await connect(await stage.client("bob"), vendor, "key")).__typename).toMatch(/Payload$/);
    expect((await validate(client, id)).__typename).toBe("ValidateCredentialPayload");
    expect((await look(client, vendor)).credential).toMatchObject({ status: "ACTIVE", warning: null });
  });

  test.each(disabled)("%s (%s, %s): a new one is refused", async (_name, vendor, door, answer, text) => {
    await using stage = await setOAuthStage(vendor);
    const client = await stage.client("alice");
    stage.api.always(answering(answer));
    expect(await connect(client, vendor, door)).toMatchObject({
      code: "INVALID_CREDENTIAL",
      message: expect.stringContaining(text),
    });
    expect((await look(client, vendor)).count).toBe(0);
  });
});

const ended: Row[] = [
  ["invalid_api_key", "openai", "key", { status: 401, body: { error: { code: "invalid_api_key" } } }, "did not accept"],
  [
    "authentication_error",
    "anthropic",
    "key",
    { status: 401, body: { error: { type: "authentication_error" } } },
    "did not accept",
  ],
  ["a leaked key", "google", "key", google.leaked, "found in a public place"],
  ["a sign-in that was revoked", "anthropic", "sign-in", anthropic.revoked, "has revoked"],
  [
    "a consent without the scope of the API",
    "google",
    "sign-in",
    google.scope,
    "you did not allow it to call the Gemini API",
  ],
  ["the same with 401", "google", "sign-in", { ...google.scope, status: 401 }, "scope cloud-platform"],
  ["a scope that is missing at Anthropic", "anthropic", "sign-in", anthropic.scope, "user:inference"],
  ["a scope that is missing at OpenAI", "openai", "sign-in", openai.modelsNotCalled, "chatgpt.tokens.use.direct"],
];

describe("what the vendor's own code has ended needs its user", () => {
  test.each(ended)("%s (%s, %s)", async (_name, vendor, door, answer, text) => {
    await using stage = await connected(vendor, door);
    const { alice: client, id, api } = stage;
    const { viewer } = await client.execute(viewerQuery);
    await using events = await client.subscribeSse(credentialEventsSubscription, { after: viewer.eventCursor });
    api.always(answering(answer));
    expect(await validate(client, id)).toMatchObject({
      code: "INVALID_CREDENTIAL",
      message: expect.stringContaining(text),
    });
    expect((await events.next()).data?.credentialEvents.__typename).toBe("ReauthenticationRequired");
    expect(await look(client, vendor)).toMatchObject({
      credential: { status: "NEEDS_REAUTH", statusReason: expect.stringContaining(text), warning: null },
      health: "HEALTHY",
    });
    expect(await issue(client, vendor)).toMatchObject({
      code: "REAUTHENTICATION_REQUIRED",
      message: expect.stringContaining(text),
    });
  });
});

test("an ended kind of key says so, and how to make one of the new kind", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  stage.api.always(answering(google.endedKind));
  const input = { provider: "google", credential: { apiKey: "AIzaSyOfTheKindThatEnded" } };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  expect(authenticate).toMatchObject({
    code: "INVALID_CREDENTIAL",
    message: expect.stringMatching(
      /has ended the kind of key that begins with AIza.*https:\/\/aistudio.google.com\/apikey/,
    ),
  });
});

test("a consent without the scope of the API is stored with a warning, and ended by the vendor's word", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  stage.vendor.tokenOverrides = { scope: "openid" };
  const { id } = await signIn(client, "google");
  const stored = await look(client, "google");
  expect(stored.credential).toMatchObject({ status: "ACTIVE", warning: expect.stringContaining("cloud-platform") });
  stage.api.next(answering(google.scope));
  expect(await validate(client, id)).toMatchObject({ code: "INVALID_CREDENTIAL" });
  expect((await look(client, "google")).credential).toMatchObject({ status: "NEEDS_REAUTH", warning: null });
});

test("a sign-in whose access token has expired is refreshed before it is given up, and one that lacks a scope is not", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const tokens = {
    accessToken: "an-access-token",
    refreshToken: "unknown-there",
    expiresAt: "2036-11-01T12:00:00.000Z",
  };
  stage.api.next(answering(success));
  await client.execute(importCredentialMutation, { input: { ...tokens, provider: "google" } });
  const { id } = (await look(client, "google")).credential!;
  const refreshes = () => stage.vendor.requests.filter(({ path }) => path === "/token").length;
  stage.api.next(answering(google.scope));
  expect(await validate(client, id)).toMatchObject({ message: expect.stringContaining("Connect again, and leave") });
  expect(refreshes()).toBe(0);
  stage.api.next(answering(success));
  await client.execute(importCredentialMutation, { input: { ...tokens, provider: "google" } });
  stage.api.next(answering(google.expired));
  await validate(client, id);
  expect(refreshes()).toBe(1);
});
