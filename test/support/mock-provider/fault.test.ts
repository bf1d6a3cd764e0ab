import { expect, test } from "vitest";
import { startMockProvider, type MockProvider } from "../mock-provider.ts";
import type { Fault } from "./fault.ts";

function probe({ baseUrl, key }: MockProvider, init: RequestInit = {}): Promise<Response> {
  return fetch(`${baseUrl}/v1/models`, { headers: { "x-api-key": key, "anthropic-version": "2023-06-01" }, ...init });
}

async function faulty(fault: Fault): Promise<MockProvider> {
  const provider = await startMockProvider("anthropic");
  provider.next(fault);
  return provider;
}

test.each([
  ["anthropic", 402, { error: { type: "billing_error" } }],
  ["anthropic", 429, { error: { type: "rate_limit_error" } }],
  ["anthropic", 529, { error: { type: "overloaded_error" } }],
  ["openai", 429, { error: { code: "rate_limit_exceeded" } }],
  ["openai", 500, { error: { type: "server_error" } }],
  ["google", 429, { error: { status: "RESOURCE_EXHAUSTED" } }],
  ["google", 503, { error: { status: "UNAVAILABLE" } }],
] as const)("status: %s says %i in its own form", async (kind, status, body) => {
  await using provider = await startMockProvider(kind);
  provider.next({ kind: "status", status });
  const response = await fetch(provider.baseUrl);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject(body);
});

test("status: with headers and a body of its own", async () => {
  const body = { detail: "Quota used up" };
  await using provider = await faulty({ kind: "status", status: 429, headers: { "retry-after": "7" }, body });
  const response = await probe(provider);
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "7"]);
  expect(await response.json()).toEqual(body);
});

test("hang: the request arrives and is never answered", async () => {
  await using provider = await faulty({ kind: "hang" });
  const signal = AbortSignal.timeout(100);
  await expect(probe(provider, { signal })).rejects.toMatchObject({ name: "TimeoutError" });
  expect(provider.requests).toHaveLength(1);
});

test("slow: the right answer, late", async () => {
  await using provider = await faulty({ kind: "slow", ms: 100 });
  const start = performance.now();
  expect((await probe(provider)).status).toBe(200);
  // Timers may fire a millisecond early.
  expect(performance.now() - start).toBeGreaterThan(98);
});

test("html: a page with status 200", async () => {
  await using provider = await faulty({ kind: "html" });
  const response = await probe(provider);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(await response.text()).toContain("<html>");
});

test("rubbish: broken JSON with status 200", async () => {
  await using provider = await faulty({ kind: "rubbish" });
  const response = await probe(provider);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
  await expect(response.json()).rejects.toThrow(SyntaxError);
});

test("huge: good JSON of more than 1 MiB and of unknown length", async () => {
  await using provider = await faulty({ kind: "huge" });
  const response = await probe(provider);
  expect([response.status, response.headers.get("content-length")]).toEqual([200, null]);
  const text = await response.text();
  expect(text.length).toBeGreaterThan(2 ** 20);
  expect(JSON.parse(text)).toMatchObject({ data: expect.any(Array) });
});

test("huge: a caller may stop reading", async () => {
  await using provider = await faulty({ kind: "huge" });
  const response = await probe(provider);
  await response.body!.cancel();
  expect((await probe(provider)).status).toBe(200);
});

test("reset: the connection is cut", async () => {
  await using provider = await faulty({ kind: "reset" });
  await expect(probe(provider)).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
});

test("redirect: to another place, which may be a trap for the key", async () => {
  await using elsewhere = await startMockProvider("openai");
  await using provider = await faulty({ kind: "redirect", location: `${elsewhere.baseUrl}/trap` });
  const response = await probe(provider, { redirect: "manual" });
  expect([response.status, response.headers.get("location")]).toEqual([302, `${elsewhere.baseUrl}/trap`]);
  expect(elsewhere.requests).toEqual([]);
});

test("next counts once for each call and goes before always, which lasts until null", async () => {
  await using provider = await startMockProvider("anthropic");
  const statuses = async (count: number) => {
    const responses: number[] = [];
    for (let i = 0; i < count; i++) responses.push((await probe(provider)).status);
    return responses;
  };
  provider.always({ kind: "status", status: 503 });
  provider.next({ kind: "status", status: 429 });
  provider.next({ kind: "status", status: 529 });
  expect(await statuses(4)).toEqual([429, 529, 503, 503]);
  provider.always(null);
  expect(await statuses(1)).toEqual([200]);
});

test("disposing cuts off callers that wait", async () => {
  const provider = await faulty({ kind: "hang" });
  const answer = probe(provider);
  await expect.poll(() => provider.requests.length).toBe(1);
  await Promise.all([provider[Symbol.asyncDispose](), expect(answer).rejects.toThrow("fetch failed")]);
});
