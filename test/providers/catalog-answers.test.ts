import { describe, expect, test } from "vitest";
import { AuthError, InvalidCredentialError, ProviderUnavailableError } from "../../src/errors/auth-error.ts";
import type { AnswerRule } from "../../src/providers/answer-rules.ts";
import type { ApiKeyCredentials, ProviderAuth } from "../../src/providers/provider-auth.ts";
import { loadCatalog } from "../../src/providers/registry.ts";
import type { Fault } from "../support/mock-provider/fault.ts";
import { type MockServer, startServer } from "../support/mock-provider/server.ts";
import { apiKeyCredentials, createProvider } from "./provider-under-test.ts";
import { dripBody, startRawServer } from "./raw-server.ts";
import { acceptance, refusal } from "./rule-answers.ts";

/** What every provider of the catalogue makes of the answers that any HTTP server may give. */
const catalog = await loadCatalog();

const credentials = apiKeyCredentials("key-that-the-server-repeats");
const key = credentials.apiKey.reveal();
const wireText = "text-that-only-the-server-knows";
const errorBody = { error: { message: `${wireText}: ${key}` } };

async function startApi(rules: readonly AnswerRule[], fault: Fault | null = null): Promise<MockServer> {
  const server = await startServer(
    () => acceptance(rules),
    (status) => ({ status, body: errorBody }),
  );
  server.always(fault);
  return server;
}

/** Asks in both ways that there are, which must come to the same; resolves to the error, or to what was accepted. */
async function ask(provider: ProviderAuth): Promise<unknown> {
  const [first, second] = await Promise.all(
    [provider.authenticate(credentials), provider.validateCredentials(credentials)].map((answer) =>
      answer.catch((error: unknown) => error),
    ),
  );
  expect(second).toEqual(first);
  return first;
}

/** Everything that may be shown of an error. */
function shown(error: unknown): string {
  return `${String(error)} ${JSON.stringify(error)}`;
}

function expectSafeRefusal(error: unknown, provider: ProviderAuth): asserts error is AuthError {
  expect(error).toBeInstanceOf(AuthError);
  expect(shown(error)).toContain(provider.displayName);
  for (const secret of [key, wireText, "<html>"]) expect(shown(error)).not.toContain(secret);
}

describe.each(catalog)("$name", (definition) => {
  const { rules } = definition.answers!;

  test("a key is accepted by the success that its entry describes", async () => {
    await using api = await startApi(rules);
    await using subject = createProvider(definition, api);
    const accepted = (await ask(subject.provider)) as ApiKeyCredentials;
    expect(accepted.method).toBe("api_key");
    expect(accepted.apiKey.reveal()).toBe(key);
  });

  test.each(["application/json", "text/plain"])("a key is refused as its entry describes, also in %s", async (type) => {
    const { status, body } = refusal(rules);
    const text = JSON.stringify(body);
    await using api = await startApi(rules, { kind: "status", status, headers: { "content-type": type }, body: text });
    await using subject = createProvider(definition, api);
    const error = await ask(subject.provider);
    expectSafeRefusal(error, subject.provider);
    expect(error).toBeInstanceOf(InvalidCredentialError);
  });

  test.each<[name: string, fault: Fault]>([
    ["400 without a reason", { kind: "status", status: 400 }],
    ["401 without a reason", { kind: "status", status: 401 }],
    ["401 in HTML", { kind: "status", status: 401, body: `<html>${wireText} ${key}</html>` }],
    ["402 without a reason", { kind: "status", status: 402 }],
    ["403 without a reason", { kind: "status", status: 403 }],
    ["403 whose code is the key", { kind: "status", status: 403, body: { error: { code: key, type: key } } }],
    ["429 without a reason", { kind: "status", status: 429 }],
    ["an empty object with status 200", { kind: "status", status: 200, body: {} }],
    ["another object with status 200", { kind: "status", status: 200, body: { status: "ok" } }],
    ["a path that does not exist", { kind: "status", status: 404 }],
    ["a firewall's 403", { kind: "status", status: 403, body: `<html>${wireText} ${key}</html>` }],
    ["500", { kind: "status", status: 500 }],
    ["502", { kind: "status", status: 502 }],
    ["503", { kind: "status", status: 503 }],
    ["504", { kind: "status", status: 504 }],
    ["529", { kind: "status", status: 529 }],
    ["HTML with status 200", { kind: "html" }],
    ["broken JSON with status 200", { kind: "rubbish" }],
    ["a JSON array with status 200", { kind: "status", status: 200, body: [{ id: wireText }] }],
    ["a JSON string with status 200", { kind: "status", status: 200, body: JSON.stringify(wireText) }],
    ["an error with status 200", { kind: "status", status: 200, body: errorBody }],
    ["an empty body with status 200", { kind: "status", status: 200, body: "" }],
    ["more than 1 MiB", { kind: "huge" }],
    ["a cut connection", { kind: "reset" }],
  ])("nothing is known of a key after %s", async (_name, fault) => {
    await using api = await startApi(rules, fault);
    await using subject = createProvider(definition, api);
    const error = await ask(subject.provider);
    expectSafeRefusal(error, subject.provider);
    expect(error).toBeInstanceOf(ProviderUnavailableError);
    expect(error).toMatchObject({ retryAfter: null });
  });

  test.each<[name: string, fault: Fault]>([
    ["no answer", { kind: "hang" }],
    ["late headers", { kind: "slow", ms: 60_000 }],
  ])("the deadline ends %s", async (_name, fault) => {
    await using api = await startApi(rules, fault);
    await using subject = createProvider(definition, { baseUrl: api.baseUrl, http: { deadlineMs: 50 } });
    const error = await ask(subject.provider);
    expectSafeRefusal(error, subject.provider);
    expect(error).toBeInstanceOf(ProviderUnavailableError);
    expect(error.message).toContain("in time");
  });

  test("the deadline ends an endless body", async () => {
    await using api = await startRawServer(dripBody);
    await using subject = createProvider(definition, { baseUrl: api.baseUrl, http: { deadlineMs: 50 } });
    const error = await ask(subject.provider);
    expectSafeRefusal(error, subject.provider);
    expect(error).toBeInstanceOf(ProviderUnavailableError);
    expect(error.message).toContain("in time");
  });

  test.each([301, 302, 303, 307, 308])("a redirect (%i) never takes the key elsewhere", async (status) => {
    await using elsewhere = await startApi(rules);
    const location = `${elsewhere.baseUrl}/trap`;
    await using api = await startApi(rules, { kind: "status", status, headers: { location }, body: "" });
    await using subject = createProvider(definition, api);
    const error = await ask(subject.provider);
    expectSafeRefusal(error, subject.provider);
    expect(error).toBeInstanceOf(ProviderUnavailableError);
    expect(elsewhere.requests).toEqual([]);
  });

  test("429 tells how long to wait, in seconds or as a date", async () => {
    await using api = await startApi(rules);
    await using subject = createProvider(definition, api);
    const retryAfter = async (value: string): Promise<number> => {
      api.always({ kind: "status", status: 429, headers: { "retry-after": value } });
      const error = await ask(subject.provider);
      expectSafeRefusal(error, subject.provider);
      expect(error).toBeInstanceOf(ProviderUnavailableError);
      return (error as ProviderUnavailableError).retryAfter!;
    };
    expect(await retryAfter("7")).toBe(7);
    // One call: two may lie on both sides of a second.
    api.always({
      kind: "status",
      status: 429,
      headers: { "retry-after": new Date(Date.now() + 90_000).toUTCString() },
    });
    const { retryAfter: untilDate } = await subject.provider.authenticate(credentials).catch((reason) => reason);
    expect(untilDate).toBeGreaterThan(60);
    expect(untilDate).toBeLessThanOrEqual(90);
  });

  test("its health follows its answers, and a refusal or a rate limit is an answer", async () => {
    let time = 0;
    const clock = { now: () => new Date(time) };
    await using api = await startApi(rules);
    await using subject = createProvider(definition, { baseUrl: api.baseUrl, clock });
    const { provider } = subject;
    expect(provider.health).toMatchObject({ status: "unknown", since: null, lastCheckedAt: null });

    const history: [fault: Fault | null, status: string, since: number][] = [
      [null, "healthy", 1],
      [{ kind: "status", status: 503 }, "degraded", 2],
      [{ kind: "reset" }, "degraded", 2],
      [{ kind: "html" }, "down", 4],
      [{ kind: "status", status: 500 }, "down", 4],
      // A page where an API should be: the operator's address is to blame until something answers like the vendor.
      [{ kind: "status", status: 401 }, "degraded", 6],
      [{ kind: "status", ...refusal(rules) }, "healthy", 7],
      [{ kind: "status", status: 429 }, "healthy", 7],
      [{ kind: "status", status: 503 }, "degraded", 9],
      [null, "healthy", 10],
    ];
    for (const [fault, status, since] of history) {
      time += 1;
      api.always(fault);
      await provider.validateCredentials(credentials).catch(() => {});
      const { health } = provider;
      expect([health.status, health.since, health.lastCheckedAt]).toEqual([status, new Date(since), new Date(time)]);
    }
  });

  test("a caller who gives up says nothing of the provider", async () => {
    await using api = await startApi(rules, { kind: "hang" });
    await using subject = createProvider(definition, api);
    const stop = new AbortController();
    const answer = subject.provider.validateCredentials(credentials, { signal: stop.signal });
    await expect.poll(() => api.requests.length).toBe(1);
    const reason = new Error("the caller has gone");
    stop.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(subject.provider.health.status).toBe("unknown");
  });
});
