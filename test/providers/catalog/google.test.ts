import { expect, test } from "vitest";
import { InvalidCredentialError, ProviderUnavailableError } from "../../../src/errors.ts";
import { provider as definition } from "../../../src/providers/catalog/google.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
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

test.each([
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED, as for a call without a key"],
])("%i %s refuses the key", async (status) => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status });
  const answer = subject.provider.authenticate(apiKeyCredentials(api.key));
  await expect(answer).rejects.toThrow(InvalidCredentialError);
});

test("429 RESOURCE_EXHAUSTED comes only to a good key", async () => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status: 429 });
  expect(await subject.provider.authenticate(apiKeyCredentials(api.key))).toMatchObject({ method: "api_key" });
});

const region = {
  code: 400,
  message: "User location is not supported for the API use.",
  status: "FAILED_PRECONDITION",
};

test.each([
  ["400 for another reason, such as the server's region", 400, { error: region }],
  ["429 of a proxy", 429, "Too many requests"],
  ["500 INTERNAL", 500, undefined],
  ["503 UNAVAILABLE", 503, undefined],
  ["504 DEADLINE_EXCEEDED", 504, undefined],
])("%s says nothing of the key", async (_name, status, body) => {
  await using api = await startMockProvider("google");
  await using subject = createProvider(definition, api);
  api.next({ kind: "status", status, body });
  const error: unknown = await subject.provider.authenticate(apiKeyCredentials(api.key)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ProviderUnavailableError);
  expect(error).toMatchObject({ message: expect.stringContaining(`status ${status}`) });
});
