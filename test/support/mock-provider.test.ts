import { describe, expect, test } from "vitest";
import { startMockProvider, type MockProvider, type MockProviderKind } from "./mock-provider.ts";

const kinds = ["anthropic", "openai", "google"] as const;

const json = { "content-type": "application/json" };

/** For each vendor: how a key is sent, the call that checks it, and the smallest useful call. */
const vendors = {
  anthropic: {
    keyForm: /^sk-ant-api03-[\w-]{93}AA$/,
    headers: (key: string) => ({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
    probe: "/v1/models?limit=1",
    call: "/v1/messages",
    input: { model: "claude-haiku-4-5", max_tokens: 8, messages: [{ role: "user", content: "Hi" }] },
  },
  openai: {
    keyForm: /^sk-proj-[\w-]{74}T3BlbkFJ[\w-]{74}$/,
    headers: (key: string) => ({ authorization: `Bearer ${key}` }),
    probe: "/v1/models",
    call: "/v1/chat/completions",
    input: { model: "gpt-5-mini", messages: [{ role: "user", content: "Hi" }] },
  },
  google: {
    keyForm: /^AQ\.Ab8[\w-]{47}$/,
    headers: (key: string) => ({ "x-goog-api-key": key }),
    probe: "/v1beta/models?pageSize=1",
    call: "/v1beta/models/gemini-2.5-flash:generateContent",
    input: { contents: [{ parts: [{ text: "Hi" }] }] },
  },
};

function probe(kind: MockProviderKind, { baseUrl, key }: MockProvider, init: RequestInit = {}): Promise<Response> {
  return fetch(baseUrl + vendors[kind].probe, { headers: vendors[kind].headers(key), ...init });
}

function complete(kind: MockProviderKind, { baseUrl, key }: MockProvider): Promise<Response> {
  const { call, headers, input } = vendors[kind];
  return fetch(baseUrl + call, { method: "POST", headers: { ...json, ...headers(key) }, body: JSON.stringify(input) });
}

describe.each(kinds)("%s", (kind) => {
  const { headers, keyForm } = vendors[kind];

  test("each instance has its own key of the vendor's form", async () => {
    await using one = await startMockProvider(kind);
    await using other = await startMockProvider(kind);
    expect(one.key).toMatch(keyForm);
    expect(other.key).not.toBe(one.key);
    expect((await probe(kind, one, { headers: headers(other.key) })).ok).toBe(false);
  });

  test("a key counts from the moment it is valid until it is taken out", async () => {
    await using provider = await startMockProvider(kind, { key: "first" });
    provider.validKeys.add("second");
    expect((await probe(kind, provider)).status).toBe(200);
    expect((await probe(kind, provider, { headers: headers("second") })).status).toBe(200);
    provider.validKeys.delete("first");
    expect((await probe(kind, provider)).ok).toBe(false);
  });

  test("everything received is on record", async () => {
    await using provider = await startMockProvider(kind);
    provider.next({ kind: "reset" });
    await expect(probe(kind, provider)).rejects.toThrow("fetch failed");
    await complete(kind, provider);
    expect(provider.requests).toMatchObject([
      { method: "GET", path: vendors[kind].probe, headers: headers(provider.key), at: expect.any(Date), body: "" },
      { method: "POST", path: vendors[kind].call, body: JSON.stringify(vendors[kind].input) },
    ]);
  });

  test("an unknown path is a 404 in the vendor's form", async () => {
    await using provider = await startMockProvider(kind);
    const response = await fetch(`${provider.baseUrl}/v0/nothing`, { headers: headers(provider.key) });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } });
  });
});

describe("Anthropic's format", () => {
  type Refusal = [name: string, headers: Record<string, string>, status: number, type: string];
  const version = { "anthropic-version": "2023-06-01" };

  test("a page of models", async () => {
    await using provider = await startMockProvider("anthropic");
    const response = await probe("anthropic", provider);
    const id = expect.stringMatching(/^claude-/);
    expect(await response.json()).toMatchObject({
      data: [{ type: "model", id }],
      has_more: true,
      first_id: id,
      last_id: id,
    });
  });

  test("a message", async () => {
    await using provider = await startMockProvider("anthropic");
    const response = await complete("anthropic", provider);
    expect(await response.json()).toMatchObject({
      type: "message",
      content: [{ type: "text" }],
      stop_reason: "end_turn",
    });
  });

  test.each<Refusal>([
    ["no key", version, 401, "authentication_error"],
    ["a bad key", { "x-api-key": "bad", ...version }, 401, "authentication_error"],
    ["an API key as a bearer token", { authorization: "Bearer valid", ...version }, 401, "authentication_error"],
    ["no version", { "x-api-key": "valid" }, 400, "invalid_request_error"],
    ["an unknown version", { "x-api-key": "valid", "anthropic-version": "2020-01-01" }, 400, "invalid_request_error"],
  ])("%s is refused", async (_case, headers, status, type) => {
    await using provider = await startMockProvider("anthropic", { key: "valid" });
    const response = await probe("anthropic", provider, { headers });
    expect(response.status).toBe(status);
    const request_id = response.headers.get("request-id");
    expect(await response.json()).toEqual({ type: "error", error: { type, message: expect.any(String) }, request_id });
  });
});

describe("OpenAI's format", () => {
  test("a list of models", async () => {
    await using provider = await startMockProvider("openai");
    const response = await probe("openai", provider);
    expect(await response.json()).toMatchObject({ object: "list", data: [{ object: "model" }, {}] });
  });

  test("a completion", async () => {
    await using provider = await startMockProvider("openai");
    const response = await complete("openai", provider);
    expect(await response.json()).toMatchObject({ object: "chat.completion", choices: [{ finish_reason: "stop" }] });
  });

  test("the refusal of a bad key repeats the ends of the key", async () => {
    await using provider = await startMockProvider("openai");
    const headers = vendors.openai.headers("sk-proj-abcdefgh1234");
    const response = await probe("openai", provider, { headers });
    expect(response.status).toBe(401);
    const message = expect.stringContaining("Incorrect API key provided: sk-proj-********1234.");
    const error = { message, type: "invalid_request_error", param: null, code: "invalid_api_key" };
    expect(await response.json()).toEqual({ error });
  });

  test.each<Record<string, string>>([{}, { authorization: "Basic dmFsaWQ6" }, { "x-api-key": "valid" }])(
    "no key in %j",
    async (headers) => {
      await using provider = await startMockProvider("openai", { key: "valid" });
      const response = await probe("openai", provider, { headers });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error", code: null } });
    },
  );
});

describe("Google's format", () => {
  test("a page of models", async () => {
    await using provider = await startMockProvider("google");
    const response = await probe("google", provider);
    expect(await response.json()).toMatchObject({
      models: [{ name: expect.stringMatching(/^models\//) }],
      nextPageToken: expect.any(String),
    });
  });

  test("generated content", async () => {
    await using provider = await startMockProvider("google");
    const response = await complete("google", provider);
    expect(await response.json()).toMatchObject({ candidates: [{ content: { role: "model" }, finishReason: "STOP" }] });
  });

  test("a bad key is a 400", async () => {
    await using provider = await startMockProvider("google");
    const response = await probe("google", provider, { headers: vendors.google.headers("bad") });
    expect(response.status).toBe(400);
    const details = expect.arrayContaining([expect.objectContaining({ reason: "API_KEY_INVALID" })]);
    const message = "API key not valid. Please pass a valid API key.";
    expect(await response.json()).toEqual({ error: { code: 400, status: "INVALID_ARGUMENT", message, details } });
  });

  test("a key in the URL is no key, since logs would keep it", async () => {
    await using provider = await startMockProvider("google");
    const response = await fetch(`${provider.baseUrl}/v1beta/models?key=${provider.key}`);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { status: "PERMISSION_DENIED" } });
  });
});
