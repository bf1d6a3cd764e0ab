import { expect, test } from "vitest";
import { InvalidCredentialError, ProviderUnavailableError } from "../../../src/errors.ts";
import { provider as definition } from "../../../src/providers/catalog/openai.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
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

test("429 insufficient_quota comes only to a good key", async () => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  const error = { message: "You exceeded your current quota.", type: "insufficient_quota", code: "insufficient_quota" };
  api.next({ kind: "status", status: 429, body: { error } });
  expect(await subject.provider.authenticate(apiKeyCredentials(api.key))).toMatchObject({ method: "api_key" });
});

test.each([
  [429, "rate_limit_exceeded"],
  [403, "unsupported_country_region_territory, which is about this server"],
  [500, "server_error"],
  [503, "server_error"],
])("%i %s says nothing of the key", async (status) => {
  await using api = await startMockProvider("openai");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status, headers: { "retry-after": "7" } });
  const error: unknown = await subject.provider.authenticate(apiKeyCredentials(api.key)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ProviderUnavailableError);
  expect(error).toMatchObject({ retryAfter: 7, message: expect.stringContaining(`status ${status}`) });
});
