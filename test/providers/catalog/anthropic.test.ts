import { expect, test } from "vitest";
import { InvalidCredentialError, ProviderUnavailableError } from "../../../src/errors/auth-error.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { provider as definition } from "../../../src/providers/catalog/anthropic.ts";
import type { OAuthCredentials } from "../../../src/providers/provider-auth.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
import { answering, refusals } from "../../support/mock-provider/refusals.ts";
import { apiKeyCredentials, createProvider, revealHeaders } from "../provider-under-test.ts";

test("a key is checked by reading one model", async () => {
  await using api = await startMockProvider("anthropic");
  await using subject = createProvider(definition, api);
  await subject.provider.authenticate(apiKeyCredentials(api.key));
  expect(api.requests).toMatchObject([
    {
      method: "GET",
      path: "/v1/models?limit=1",
      headers: { "x-api-key": api.key, "anthropic-version": "2023-06-01" },
    },
  ]);
});

test("a grant's headers call the API", async () => {
  await using api = await startMockProvider("anthropic");
  await using subject = createProvider(definition, api);
  const access = subject.provider.describeAccess(apiKeyCredentials(api.key));
  const response = await fetch(`${access.baseUrl}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", ...revealHeaders(access) },
    body: JSON.stringify({ model: "claude-haiku-4-5", max_tokens: 8, messages: [{ role: "user", content: "Hi" }] }),
  });
  expect(response.status).toBe(200);
});

test("a bad key is a 401", async () => {
  await using api = await startMockProvider("anthropic");
  await using subject = createProvider(definition, api);
  const answer = subject.provider.authenticate(apiKeyCredentials("sk-ant-api03-unknown"));
  await expect(answer).rejects.toThrow(InvalidCredentialError);
});

const key = apiKeyCredentials("sk-ant-api03-of-a-test");
const signIn: OAuthCredentials = {
  method: "oauth",
  accessToken: new Secret("sk-ant-oat01-of-a-test"),
  refreshToken: null,
  expiresAt: null,
  scopes: [],
  account: null,
};

test.each([
  ["402 billing_error", refusals.anthropic.billing, "payment"],
  ["400 without credit", refusals.anthropic.noCredit, "no credit"],
  ["400 at the spend limit", refusals.anthropic.spendLimit, "spend limit"],
  ["403 permission_error", refusals.anthropic.permission, "permission_error"],
  ["401 permission_error", { ...refusals.anthropic.permission, status: 401 }, "permission_error"],
])(
  "%s comes only to a credential that Anthropic knows: it is accepted, with a warning",
  async (_name, answer, text) => {
    await using api = await startMockProvider("anthropic");
    await using subject = createProvider(definition, api);
    for (const credentials of [key, signIn]) {
      api.next(answering(answer));
      const accepted = await subject.provider.validateCredentials(credentials);
      expect(accepted).toMatchObject({ method: credentials.method, warning: expect.stringContaining(text) });
    }
  },
);

test.each([
  ["a region that is not supported", refusals.anthropic.region, "the place that this server calls from"],
  ["the same with 401", { ...refusals.anthropic.region, status: 401 }, "the place that this server calls from"],
  ["an IP allowlist", refusals.anthropic.ipAllowlist, "IP allowlist"],
  ["sign-ins that are not taken at present", refusals.anthropic.noSignIns, "Use an API key"],
])("%s says nothing of the credential", async (_name, answer, text) => {
  await using api = await startMockProvider("anthropic");
  await using subject = createProvider(definition, api);
  for (const credentials of [key, signIn]) {
    api.next(answering(answer));
    const error: unknown = await subject.provider.validateCredentials(credentials).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ProviderUnavailableError);
    expect(error).toMatchObject({ message: expect.stringContaining(text) });
    expect(String(error)).not.toContain("Try again later. ");
    expect(subject.provider.health.status).toBe("healthy");
  }
});

test.each([
  ["a disabled organization", refusals.anthropic.organizationDisabled, "disabled", "has disabled the organization"],
  ["sign-ins that its organization does not allow", refusals.anthropic.signInsNotAllowed, "disabled", "does not let"],
  ["the same with 401", { ...refusals.anthropic.signInsNotAllowed, status: 401 }, "disabled", "does not let"],
  ["a scope that is missing", refusals.anthropic.scope, "consent", "user:inference"],
  ["a sign-in that was revoked, though with 403", refusals.anthropic.revoked, "refused", "has revoked"],
  ["a sign-in that has expired", refusals.anthropic.expired, "refused", "no longer accepts this sign-in"],
])("%s is named", async (_name, answer, because, text) => {
  await using api = await startMockProvider("anthropic");
  await using subject = createProvider(definition, api);
  api.next(answering(answer));
  const error: unknown = await subject.provider.validateCredentials(signIn).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InvalidCredentialError);
  expect(error).toMatchObject({ because, message: expect.stringContaining(text) });
});

test.each([
  [400, "invalid_request_error"],
  [404, "not_found_error"],
  [429, "rate_limit_error"],
  [500, "api_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"],
])("%i %s says nothing of the key", async (status, code) => {
  await using api = await startMockProvider("anthropic");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status, headers: { "retry-after": "7" } });
  const error: unknown = await subject.provider.authenticate(apiKeyCredentials(api.key)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ProviderUnavailableError);
  expect(error).toMatchObject({ retryAfter: 7, message: expect.stringContaining(`status ${status}: ${code}`) });
});
