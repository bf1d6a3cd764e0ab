import { expect, test } from "vitest";
import { InvalidCredentialError, ProviderUnavailableError } from "../../../src/errors.ts";
import { provider as definition } from "../../../src/providers/catalog/anthropic.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
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

test("402 billing_error comes only to a good key", async () => {
  await using api = await startMockProvider("anthropic");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status: 402 });
  expect(await subject.provider.authenticate(apiKeyCredentials(api.key))).toMatchObject({ method: "api_key" });
});

test("403 permission_error is about the key", async () => {
  await using api = await startMockProvider("anthropic");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status: 403 });
  const answer = subject.provider.authenticate(apiKeyCredentials(api.key));
  await expect(answer).rejects.toThrow(InvalidCredentialError);
});

test.each([
  [400, "invalid_request_error"],
  [404, "not_found_error"],
  [429, "rate_limit_error"],
  [500, "api_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"],
])("%i %s says nothing of the key", async (status) => {
  await using api = await startMockProvider("anthropic");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status, headers: { "retry-after": "7" } });
  const error: unknown = await subject.provider.authenticate(apiKeyCredentials(api.key)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ProviderUnavailableError);
  expect(error).toMatchObject({ retryAfter: 7, message: expect.stringContaining(`status ${status}`) });
});
