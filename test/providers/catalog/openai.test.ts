import { expect, test } from "vitest";
import { InvalidCredentialError, ProviderUnavailableError } from "../../../src/errors/auth-error.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { provider as definition } from "../../../src/providers/catalog/openai.ts";
import type { OAuthCredentials } from "../../../src/providers/provider-auth.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
import { openaiError } from "../../support/mock-provider/openai.ts";
import { answering, refusals } from "../../support/mock-provider/refusals.ts";
import { apiKeyCredentials, createProvider, revealHeaders } from "../provider-under-test.ts";

test("a key is checked by listing the models", async () => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  await subject.provider.authenticate(apiKeyCredentials(api.key));
  const headers = { authorization: `Bearer ${api.key}` };
  expect(api.requests).toMatchObject([{ method: "GET", path: "/v1/models", headers }]);
});

test("a grant's headers call the API", async () => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  const access = subject.provider.describeAccess(apiKeyCredentials(api.key));
  const response = await fetch(`${access.baseUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...revealHeaders(access) },
    body: JSON.stringify({ model: "gpt-5-mini", messages: [{ role: "user", content: "Hi" }] }),
  });
  expect(response.status).toBe(200);
});

test("a bad key is a 401, whose text repeats the ends of the key and is not passed on", async () => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  const answer = subject.provider.authenticate(apiKeyCredentials("sk-proj-begin-middle-end4"));
  const error: unknown = await answer.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidCredentialError);
  for (const part of ["sk-proj", "end4", "Incorrect API key"]) expect(String(error)).not.toContain(part);
});

const key = apiKeyCredentials("sk-proj-of-a-test");
const signIn: OAuthCredentials = {
  method: "oauth",
  accessToken: new Secret("access-token-of-a-test"),
  refreshToken: null,
  expiresAt: null,
  scopes: [],
  account: null,
};

test.each([
  ["429 insufficient_quota", refusals.openai.noQuota, "used up its credit"],
  ["429 credit_balance_exhausted", refusals.openai.noCredit, "used up its credit"],
  ["429 billing_not_active", refusals.openai.billingNotActive, "billing is not active"],
  ["the same with 403", { ...refusals.openai.billingNotActive, status: 403 }, "billing is not active"],
  ["403 for a key that may not list models", refusals.openai.modelsNotListed, "could not be fully checked"],
  ["the same with 401", { ...refusals.openai.modelsNotListed, status: 401 }, "could not be fully checked"],
])("%s comes only to a credential that OpenAI knows: it is accepted, with a warning", async (_name, answer, text) => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  for (const credentials of [key, signIn]) {
    api.next(answering(answer));
    const accepted = await subject.provider.validateCredentials(credentials);
    expect(accepted).toMatchObject({ method: credentials.method, warning: expect.stringContaining(text) });
    expect(subject.provider.health.status).toBe("healthy");
  }
});

test("a key without another permission is accepted, and a sign-in without it needs consent again", async () => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  api.always(answering(refusals.openai.modelsNotCalled));
  expect(await subject.provider.validateCredentials(key)).toMatchObject({
    warning: expect.stringContaining("add the missing permissions"),
  });
  await expect(subject.provider.validateCredentials(signIn)).rejects.toMatchObject({
    code: "INVALID_CREDENTIAL",
    because: "consent",
    message: expect.stringContaining("chatgpt.tokens.use.direct"),
  });
});

test.each([
  ["a deactivated account", refusals.openai.deactivated, "disabled", "has deactivated the account"],
  ["the same with 403", { ...refusals.openai.deactivated, status: 403 }, "disabled", "has deactivated the account"],
  ["an account without an organization", refusals.openai.noOrganization, "disabled", "no organization"],
  ["a sign-in that was revoked", refusals.openai.revoked, "refused", "no longer accepts this sign-in"],
])("%s is named", async (_name, answer, because, text) => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  api.next(answering(answer));
  const error: unknown = await subject.provider.validateCredentials(signIn).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InvalidCredentialError);
  expect(error).toMatchObject({ because, message: expect.stringContaining(text) });
});

test.each([
  ["403 for the server's region", refusals.openai.region, "status 403: request_forbidden, unsupported_country"],
  ["401 for the server's address", refusals.openai.ipAllowlist, "IP allowlist"],
  ["the same with 403", { ...refusals.openai.ipAllowlist, status: 403 }, "IP allowlist"],
  [
    "401 for a call without a key, as where a gateway removes it",
    openaiError(401, "You didn't provide an API key.", "invalid_request_error", null),
    "removes the header",
  ],
  [
    "401 for a reason that is not known",
    openaiError(401, "No.", "invalid_request_error", "teapot"),
    "status 401: invalid_request_error, teapot",
  ],
  ["403 in HTML", { status: 403, body: "<html>Forbidden</html>" }, "status 403"],
])("%s says nothing of the credential", async (_name, answer, text) => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  for (const credentials of [key, signIn]) {
    api.next(answering(answer));
    const error: unknown = await subject.provider.validateCredentials(credentials).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ProviderUnavailableError);
    expect(error).toMatchObject({ message: expect.stringContaining(text) });
    expect(subject.provider.health.status).toBe("healthy");
  }
});

test.each([
  [429, "rate_limit_exceeded"],
  [500, "server_error"],
  [503, "server_error"],
])("%i %s says nothing of the key", async (status, code) => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status, headers: { "retry-after": "7" } });
  const error: unknown = await subject.provider.authenticate(apiKeyCredentials(api.key)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ProviderUnavailableError);
  expect(error).toMatchObject({ retryAfter: 7, message: expect.stringContaining(code) });
  expect(error).toMatchObject({ message: expect.stringContaining(`status ${status}`) });
});

test("the list of models may also come as `models`, as it does to a sign-in", async () => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  api.always({ kind: "status", status: 200, body: { models: [] } });
  expect(await subject.provider.validateCredentials(signIn)).toEqual(signIn);
  await expect(subject.provider.validateCredentials(key)).rejects.toThrow(ProviderUnavailableError);
});
