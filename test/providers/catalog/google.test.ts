import { expect, test } from "vitest";
import { InvalidCredentialError, ProviderUnavailableError } from "../../../src/errors/auth-error.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { provider as definition } from "../../../src/providers/catalog/google.ts";
import type { OAuthCredentials } from "../../../src/providers/provider-auth.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
import { googleError, googleReason } from "../../support/mock-provider/google.ts";
import { answering, refusals } from "../../support/mock-provider/refusals.ts";
import { apiKeyCredentials, createProvider, revealHeaders } from "../provider-under-test.ts";

test.each(["AIza-the-older-form", "AQ.the-newer-form"])("a key is checked by reading one model: %s", async (key) => {
  await using api = await startMockProvider("google", { key });
  await using subject = createProvider(definition, api);
  await subject.provider.authenticate(apiKeyCredentials(key));
  const headers = { "x-goog-api-key": key };
  expect(api.requests).toMatchObject([{ method: "GET", path: "/v1beta/models?pageSize=1", headers }]);
});

test("a grant's headers call the API", async () => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  const access = subject.provider.describeAccess(apiKeyCredentials(api.key));
  const response = await fetch(`${access.baseUrl}/v1beta/models/gemini-2.5-flash:generateContent`, {
    method: "POST",
    headers: { "content-type": "application/json", ...revealHeaders(access) },
    body: JSON.stringify({ contents: [{ parts: [{ text: "Hi" }] }] }),
  });
  expect(response.status).toBe(200);
});

test("a bad key is a 400 with API_KEY_INVALID", async () => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  const answer = subject.provider.authenticate(apiKeyCredentials("AIza-unknown"));
  await expect(answer).rejects.toThrow(InvalidCredentialError);
});

test("401 UNAUTHENTICATED refuses the key", async () => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status: 401 });
  const answer = subject.provider.authenticate(apiKeyCredentials(api.key));
  await expect(answer).rejects.toThrow(InvalidCredentialError);
});

test.each([
  ["400 API_KEY_INVALID", googleReason(400, "API_KEY_INVALID", "API key not valid.")],
  ["401 ACCESS_TOKEN_TYPE_UNSUPPORTED", refusals.google.endedKind],
  ["401 without a reason", googleError(401)],
  ["403 without a reason", refusals.google.noPermission],
])("a refused key that begins with AIza is of a kind that Google has ended: %s", async (_name, answer) => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  api.next(answering(answer));
  const error: unknown = await subject.provider
    .authenticate(apiKeyCredentials("AIzaSyOfTheOldKind"))
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InvalidCredentialError);
  for (const part of ["has ended the kind of key that begins with AIza", "aistudio.google.com/apikey", "AQ."]) {
    expect(error).toMatchObject({ message: expect.stringContaining(part) });
  }
});

test("a key that begins with AIza and works is accepted like any other", async () => {
  await using api = await startMockProvider("google", { key: "AIzaSyThatStillWorks" });
  await using subject = createProvider(definition, api);
  expect(await subject.provider.authenticate(apiKeyCredentials(api.key))).toEqual(apiKeyCredentials(api.key));
});

test("429 RESOURCE_EXHAUSTED comes only to a good key", async () => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status: 429 });
  expect(await subject.provider.authenticate(apiKeyCredentials(api.key))).toMatchObject({ method: "api_key" });
});

const key = apiKeyCredentials("AQ.Ab8OfATest");
const signIn: OAuthCredentials = {
  method: "oauth",
  accessToken: new Secret("ya29.of-a-test"),
  refreshToken: null,
  expiresAt: null,
  scopes: [],
  account: null,
};

test.each([
  ["a key whose restrictions exclude the check", refusals.google.serviceBlocked, "could not be fully checked"],
  ["a project without the API", refusals.google.serviceDisabled, "not enabled in its project"],
  ["a project without billing", refusals.google.billingDisabled, "has no billing"],
  ["a caller without the permission", refusals.google.noPermission, "PERMISSION_DENIED"],
])("%s is accepted, with a warning", async (_name, answer, text) => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  for (const credentials of [key, signIn]) {
    api.next(answering(answer));
    const accepted = await subject.provider.validateCredentials(credentials);
    expect(accepted).toMatchObject({ method: credentials.method, warning: expect.stringContaining(text) });
  }
});

test.each([
  ["a suspended project", key, refusals.google.suspended, "disabled", "has suspended"],
  ["a project that was denied access", key, refusals.google.projectDenied, "disabled", "has suspended"],
  ["a leaked key", key, refusals.google.leaked, "refused", "found in a public place"],
  ["a consent without the scope of the API", signIn, refusals.google.scope, "consent", "cloud-platform"],
  ["the same with 401", signIn, { ...refusals.google.scope, status: 401 }, "consent", "cloud-platform"],
  ["an access token that has expired", signIn, refusals.google.expired, "refused", "no longer accepts"],
])("%s is named", async (_name, credentials, answer, because, text) => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  api.next(answering(answer));
  const error: unknown = await subject.provider.validateCredentials(credentials).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InvalidCredentialError);
  expect(error).toMatchObject({ because, message: expect.stringContaining(text) });
  expect(subject.provider.health.status).toBe("healthy");
});

test.each([
  ["400 for the server's region", refusals.google.region, "region"],
  ["403 for the server's address", refusals.google.ipAddressBlocked, "application restrictions"],
  ["403 for a referrer that is missing", refusals.google.referrerBlocked, "make a key for servers"],
  [
    "403 for a call without a key, as where a gateway removes it",
    googleError(403, "Method doesn't allow unregistered callers."),
    "removes the header",
  ],
  ["401 ACCESS_TOKEN_TYPE_UNSUPPORTED, which good AQ. keys get too", refusals.google.endedKind, "service account"],
  ["400 for an unknown reason", googleError(400), "status 400: INVALID_ARGUMENT"],
  ["429 of a proxy", { status: 429, body: "Too many requests" }, "status 429"],
  ["500 INTERNAL", googleError(500), "status 500"],
  ["503 UNAVAILABLE", googleError(503), "status 503"],
  ["504 DEADLINE_EXCEEDED", googleError(504), "status 504"],
])("%s says nothing of the key", async (_name, answer, text) => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  api.next(answering(answer));
  const error: unknown = await subject.provider.authenticate(key).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ProviderUnavailableError);
  expect(error).toMatchObject({ message: expect.stringContaining(text) });
});
