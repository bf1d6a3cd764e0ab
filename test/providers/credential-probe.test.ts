import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuthError, InvalidCredentialError, ProviderUnavailableError } from "../../src/errors/auth-error.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Secret } from "../../src/lib/secret.ts";
import { createLogger } from "../../src/observability/logger.ts";
import type { AnswerRule } from "../../src/providers/answer-rules.ts";
import { HttpClient, NoAnswerError, type OutboundResponse } from "../../src/providers/http-client.ts";
import type { ProviderAuth, ProviderCredentials } from "../../src/providers/provider-auth.ts";
import { ProviderHealth } from "../../src/providers/provider-health.ts";
import { noProviderSettings } from "../../src/providers/provider-settings.ts";
import { defineProvider } from "../../src/providers/provider.ts";
import { loadCatalog } from "../../src/providers/registry.ts";
import { apiKeyCredentials } from "./provider-under-test.ts";

type GivenAnswer = Pick<OutboundResponse, "status" | "body"> & Partial<OutboundResponse>;

/** Gives the answers that it is handed, without a network. */
class ScriptedHttp extends HttpClient {
  answer: GivenAnswer | NoAnswerError = { status: 500, body: "" };

  override async send(): Promise<OutboundResponse> {
    if (this.answer instanceof NoAnswerError) throw this.answer;
    return { contentType: "application/json", undecoded: null, retryAfter: null, ...this.answer };
  }
}

const source = "https://vendor.example/errors";

const rules: AnswerRule[] = [
  { verdict: "valid", field: { name: "data", is: "list" }, source },
  { verdict: "limited", codes: ["read_only"], source },
  { verdict: "unpaid", codes: ["no_credit"], source },
  {
    verdict: "disabled",
    codes: ["account_off"],
    what: "has put {it} to sleep",
    cure: "Wake {it}. {It} waits.",
    source,
  },
  { verdict: "consent", codes: ["no_scope"], source },
  { verdict: "invalid", codes: ["bad_key"], source },
  { verdict: "invalid", codes: ["old_key"], what: "has ended keys like {it}", cure: "Make another.", source },
  { verdict: "blocked", codes: ["elsewhere"], source },
  { verdict: "busy", codes: ["slower"], source },
  { verdict: "overloaded", status: 429, codes: ["everybody_slower"], source },
];

function createVendor(settings: { apiBaseUrl?: string } = {}) {
  const http = new ScriptedHttp();
  const health = new ProviderHealth(systemClock);
  const lines: string[] = [];
  const log = createLogger("info", { write: (line: string) => void lines.push(line) });
  const definition = defineProvider({
    name: "vendor",
    displayName: "Vendor",
    documentationUrl: null,
    baseUrl: "https://api.vendor.example",
    answers: { asOf: "November 2026", rules },
    apiKey: { headers: (key) => ({ authorization: `Bearer ${key}` }), probe: "/v1/models" },
  });
  const all = { ...noProviderSettings, ...settings };
  const provider = definition.create({ http, health, settings: all, clock: systemClock, log });
  return { http, health, lines, provider };
}

const key = apiKeyCredentials("sk-vendor-0123456789abcdef");

async function outcome(provider: ProviderAuth, credentials: ProviderCredentials = key): Promise<unknown> {
  return provider.validateCredentials(credentials).catch((error: unknown) => error);
}

const refusedWith = (code: string, status = 403) => ({ status, body: JSON.stringify({ error: { code } }) });

describe("a verdict becomes what the user is told", () => {
  test("accepted, without a warning", async () => {
    const { http, provider } = createVendor();
    http.answer = { status: 200, body: '{"data":[]}' };
    expect(await outcome(provider)).toEqual(key);
  });

  test.each([
    ["read_only", "Vendor accepts the key, but does not let it make the call that checks it (status 403: read_only)."],
    ["no_credit", "Vendor accepts the key, but the account behind it has no credit"],
  ])("accepted, with a warning: %s", async (code, warning) => {
    const { http, provider } = createVendor();
    http.answer = refusedWith(code);
    expect(await outcome(provider)).toMatchObject({ method: "api_key", warning: expect.stringContaining(warning) });
  });

  test.each([
    [
      "account_off",
      "disabled",
      "Vendor has put the key to sleep (status 403: account_off). Wake the key. The key waits.",
    ],
    ["no_scope", "consent", "Vendor accepts the key, but it does not include the permission to call the API"],
    ["bad_key", "refused", "Vendor did not accept this API key. Check that it was copied whole"],
    ["old_key", "refused", "Vendor has ended keys like the key. Make another."],
  ])("refused: %s", async (code, because, message) => {
    const { http, provider } = createVendor();
    http.answer = refusedWith(code);
    const error = await outcome(provider);
    expect(error).toBeInstanceOf(InvalidCredentialError);
    expect(error).toMatchObject({ because, message: expect.stringContaining(message) });
  });

  test.each([
    ["elsewhere", 403, "Vendor refuses calls from the place that this server calls from (status 403: elsewhere)."],
    ["slower", 429, "Vendor has counted too many calls of this account, so the key could not be checked"],
    ["everybody_slower", 429, "Vendor is overloaded, so the key could not be checked"],
    [
      "teapot",
      418,
      "refused the check for a reason that this server does not know (status 418: teapot). The key was left as it is.",
    ],
  ])("left open: %s", async (code, status, message) => {
    const { http, provider } = createVendor();
    http.answer = { ...refusedWith(code, status), retryAfter: 7 };
    const error = await outcome(provider);
    expect(error).toBeInstanceOf(ProviderUnavailableError);
    expect(error).toMatchObject({ retryAfter: 7, message: expect.stringContaining(message) });
  });
});

describe("health", () => {
  const page = "<html>Forbidden</html>";

  test.each([
    ...rules.flatMap(({ codes, verdict }) =>
      codes === undefined || verdict === "overloaded" ? [] : [refusedWith(codes[0]!)],
    ),
    refusedWith("teapot", 418),
    refusedWith("unknown", 429),
    { status: 404, body: '{"error":{"type":"not_found_error"}}' },
    { status: 403, body: page },
    { status: 400, body: page },
  ])("one account's answers never count against the provider: %o", async (answer) => {
    const { http, health, provider } = createVendor();
    http.answer = answer;
    for (let i = 0; i < 5; i++) await outcome(provider);
    expect(health.status).toBe("healthy");
  });

  test.each([
    ["silence", new NoAnswerError("timeout", { mayHaveArrived: true })],
    ["500", { status: 500, body: "{}" }],
    ["502 with a page", { status: 502, body: page }],
    ["a page with status 200", { status: 200, body: page }],
    ["a redirect", { status: 302, body: "" }],
    ["a limit of the whole provider", refusedWith("everybody_slower", 429)],
  ])("%s counts", async (_name, answer) => {
    const { http, health, provider } = createVendor();
    http.answer = answer;
    for (let i = 0; i < 3; i++) await outcome(provider);
    expect(health.status).toBe("down");
  });
});

describe("the address that the operator has set", () => {
  const wrong = [
    { status: 404, body: '{"error":{"type":"not_found_error"}}' },
    { status: 404, body: "<html>Not found</html>" },
    { status: 405, body: "" },
    { status: 301, body: "" },
    { status: 200, body: "<html>Welcome to nginx!</html>" },
  ];

  test.each(wrong)("is named where it does not answer as an API, until it does: %o", async (answer) => {
    const { http, health, provider } = createVendor({ apiBaseUrl: "https://gateway.example/llm" });
    http.answer = answer;
    const error = await outcome(provider);
    expect(error).toBeInstanceOf(ProviderUnavailableError);
    for (const text of [(error as Error).message, health.complaint]) {
      expect(text).toContain("The operator has to check VENDOR_API_BASE_URL.");
      expect(text).toContain(`status ${answer.status}`);
      expect(text).not.toContain("gateway.example");
    }
    http.answer = refusedWith("teapot", 418);
    await outcome(provider);
    expect(health.complaint).not.toBeNull();
    http.answer = refusedWith("bad_key");
    await outcome(provider);
    expect([health.complaint, health.status]).toEqual([null, "healthy"]);
  });

  test.each(wrong)("is not blamed where nobody has set one: %o", async (answer) => {
    const { http, health, provider } = createVendor();
    http.answer = answer;
    expect(String(await outcome(provider))).not.toContain("API_BASE_URL");
    expect(health.complaint).toBeNull();
  });

  test("its complaint and that of the OAuth client stand beside each other, and end apart", async () => {
    const { http, health, provider } = createVendor({ apiBaseUrl: "https://gateway.example" });
    health.complain("The client is refused.");
    http.answer = wrong[0]!;
    await outcome(provider);
    expect(health.complaint).toMatch(/^The client is refused\. Vendor does not answer as an API/);
    health.recover();
    expect(health).toMatchObject({ status: "degraded", complaint: expect.stringMatching(/^Vendor does not/) });
    http.answer = { status: 200, body: '{"data":[]}' };
    await outcome(provider);
    expect(health).toMatchObject({ status: "healthy", complaint: null });
  });
});

test("the vendor's code reaches the log where a question stays open, and its text never does", async () => {
  const { http, lines, provider } = createVendor();
  const body = { error: { code: "teapot", message: `Not for ${key.apiKey.reveal()}.` } };
  http.answer = { status: 418, body: JSON.stringify(body) };
  await outcome(provider);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: "warn",
    provider: "vendor",
    status: 418,
    vendorCodes: ["teapot"],
  });
  expect(lines[0]).not.toContain("Not for");
  http.answer = { status: 200, body: '{"data":[]}' };
  await outcome(provider);
  expect(lines).toHaveLength(1);
});

const catalog = await loadCatalog();

/** Rules that accept, and rules that refuse; what is left leaves the credential as it is. */
const accepting = new Set(["valid", "limited", "unpaid"]);
const refusing = new Set(["invalid", "consent", "disabled"]);

/** Whether a body holds any word by which a rule of these verdicts could know it. */
function hasEvidence(definition: (typeof catalog)[number], verdicts: ReadonlySet<string>, body: string): boolean {
  const words = definition.answers!.rules.flatMap(({ verdict, codes = [], text = [], field }) =>
    verdicts.has(verdict) ? [...codes, ...text, ...(field === undefined ? [] : [field.name])] : [],
  );
  // As JSON would escape them.
  return words.some((word) => body.toLowerCase().includes(JSON.stringify(word).slice(1, -1).toLowerCase()));
}

/** Whether what came of an answer is no more than the answer bears out. */
function judge(definition: (typeof catalog)[number], result: unknown, status: number, body: string): string {
  if (result instanceof ProviderUnavailableError) return "as the entry says";
  if (status < 200 || (status >= 300 && status < 400) || status >= 500) return "decided by a status that says nothing";
  if (result instanceof InvalidCredentialError) {
    return hasEvidence(definition, refusing, body) ? "as the entry says" : "ended without evidence";
  }
  if (result instanceof Error) return "crashed";
  return hasEvidence(definition, accepting, body) ? "as the entry says" : "accepted without evidence";
}

describe.each(catalog)("$name: any answer", (definition) => {
  const words = definition.answers!.rules.flatMap(({ codes = [], text = [], field }) => [
    ...codes,
    ...text,
    ...(field === undefined ? [] : [field.name]),
  ]);
  const secret = "sk-Secret0123456789-of-the-property";
  const word = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words) },
    fc.string(),
    fc.constantFrom(secret, secret.slice(0, 12), `Incorrect: ${secret}`, null, 5, true),
  );
  const inner = fc.record(
    {
      type: word,
      code: word,
      status: word,
      message: word,
      details: fc.oneof(fc.jsonValue(), fc.array(fc.record({ reason: word }), { maxLength: 3 })),
    },
    { requiredKeys: [] },
  );
  const json = fc.oneof(
    fc.record({ error: fc.oneof(inner, word) }, { requiredKeys: [] }),
    fc.record({ detail: fc.oneof(inner, word), code: word, message: word }, { requiredKeys: [] }),
    fc.dictionary(fc.constantFrom(...words, "error"), fc.oneof(word, fc.constant([]), inner), { maxKeys: 3 }),
    fc.jsonValue(),
  );
  const body = fc.oneof(
    { weight: 6, arbitrary: json.map((value) => JSON.stringify(value) ?? "") },
    fc.string(),
    fc.constantFrom("", "<html>Request not allowed</html>", '{"error":{"code":"cut', "[]", "null"),
    json.map((value) => JSON.stringify({ ...Object(value), padding: "x".repeat(100_000) })),
  );
  const status = fc.oneof(
    fc.constantFrom(200, 201, 204, 301, 400, 401, 402, 403, 404, 429, 500, 503, 529),
    fc.integer({ min: 100, max: 599 }),
  );

  test("crashes nothing, ends nothing and accepts nothing without evidence, and is never repeated", async () => {
    const http = new ScriptedHttp();
    const credentials: ProviderCredentials[] = [
      apiKeyCredentials(secret),
      {
        method: "oauth",
        accessToken: new Secret(secret),
        refreshToken: null,
        expiresAt: null,
        scopes: [],
        account: null,
      },
    ];
    await fc.assert(
      fc.asyncProperty(status, body, fc.constantFrom(...credentials), async (code, text, credential) => {
        const health = new ProviderHealth(systemClock);
        const provider = definition.create({ http, health, settings: noProviderSettings, clock: systemClock });
        http.answer = { status: code, body: text };
        const result = await outcome(provider, credential);
        expect(judge(definition, result, code, text)).toBe("as the entry says");
        const told = result instanceof AuthError ? `${result.message} ${String(result.cause)}` : JSON.stringify(result);
        expect(told).not.toContain(secret.slice(0, 12));
      }),
      { numRuns: 1_500 },
    );
  });
});
