import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { AuthError, InvalidCredentialError, ProviderUnavailableError } from "../../../src/errors/auth-error.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { HttpClient, type OutboundResponse } from "../../../src/providers/http-client.ts";
import type { OAuthCredentials, ProviderAuth } from "../../../src/providers/provider-auth.ts";
import { answerForms, writeForm } from "../../support/answer-forms.ts";
import { startRawServer } from "../raw-server.ts";
import { catalogEntry, createProvider, expectOAuth, loopbackUri, newFlow } from "./sign-in.ts";

const now = new Date("2026-11-01T12:00:00Z");
const clock = { now: () => now };
const tenYearsMs = 315_576_000_000;

/** Whatever a vendor could write in a place where it should write something else. */
const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    "",
    " ",
    "0",
    "-1",
    "3600",
    "3600s",
    "1e999",
    "NaN",
    "null",
    "\ud800",
    "nul\0",
    1e308,
    -1e308,
    2 ** 53,
  ),
  fc.string({ maxLength: 2_000, unit: "binary" }),
);

/** Members that an answer may have beside its access token, the known ones more often than others. */
const beside = fc.record(
  {
    expires_in: anything,
    refresh_token: anything,
    scope: anything,
    // Not one of the types that prove the possession of a key: those cannot be used.
    token_type: fc.oneof(
      fc.constantFrom("Bearer", "bearer", "BearerToken", "", " x"),
      fc.integer(),
      fc.constant(null),
      fc.object(),
    ),
    id_token: anything,
    account: anything,
    organization: anything,
    earliest_refresh_at: anything,
    error: fc.constantFrom(null, "", false, 0),
    error_description: anything,
    message: anything,
    claims: anything,
  },
  { requiredKeys: [] },
);

const others = fc.dictionary(
  fc.string().filter((name) => name !== "access_token" && name !== "token_type"),
  anything,
  { maxKeys: 4 },
);

const token = fc.stringMatching(/^[\x21-\x7e]{1,300}$/);
const space = fc.constantFrom("", " ", "\n", "\t ");

/** An answer that holds a token that can be used, and the token. */
const usable = fc.record({ token, before: space, after: space, beside, others }).map((parts) => ({
  token: parts.token,
  body: { ...parts.others, ...parts.beside, access_token: `${parts.before}${parts.token}${parts.after}` },
}));

const unusableToken = fc.oneof(
  fc.constantFrom(undefined, null, "", " ", "two words", "line\nbreak", "ü", 7, true, "x".repeat(16_385)),
  fc.object(),
  fc.array(token),
);

/** An answer without one, which says at times that the grant is over. */
const refusals = fc
  .record({
    access_token: unusableToken,
    beside,
    others,
    error: fc.constantFrom(undefined, "invalid_grant", "unheard_of"),
  })
  .map((parts) => {
    const { error, access_token: accessToken } = parts;
    const body = {
      ...parts.others,
      ...parts.beside,
      access_token: accessToken,
      ...(error === undefined ? {} : { error }),
    };
    return { body, isOver: JSON.stringify(body).includes('"invalid_grant"') };
  });

/** No network: the answer that is to come. */
class Rehearsal extends HttpClient {
  answer: Pick<OutboundResponse, "status" | "body"> = { status: 200, body: "" };

  override async send(): Promise<OutboundResponse> {
    return { undecoded: null, contentType: null, retryAfter: null, ...this.answer };
  }
}

async function providerAt(http: HttpClient, tokenUrl: string): Promise<ProviderAuth> {
  const variables = { ANTHROPIC_OAUTH_CLIENT_ID: "a client", ANTHROPIC_OAUTH_TOKEN_URL: tokenUrl };
  return createProvider(await catalogEntry("anthropic"), variables, { clock, http });
}

const previous: OAuthCredentials = {
  method: "oauth",
  accessToken: new Secret("at-0"),
  refreshToken: new Secret("rt-0"),
  expiresAt: now,
  lifetime: 3600,
  scopes: ["user:inference"],
  account: null,
};

function exchange(provider: ProviderAuth) {
  const { state, nonce, codeVerifier } = newFlow();
  const code = new Secret("a code");
  return provider.exchangeOAuthCode({ code, state, nonce, codeVerifier, issuer: null, redirectUri: loopbackUri });
}

/** What has to hold for whatever is stored. */
function expectSound(credentials: OAuthCredentials, accessToken: string): void {
  expect(credentials.accessToken.reveal()).toBe(accessToken);
  const { expiresAt, lifetime, earliestRefreshAt, refreshToken, scopes } = credentials;
  const ends = expiresAt?.getTime() ?? now.getTime() + tenYearsMs;
  expect(ends).toBeGreaterThan(now.getTime());
  expect(ends).toBeLessThanOrEqual(now.getTime() + tenYearsMs);
  expect(lifetime === null || Number.isInteger(lifetime)).toBe(true);
  expect(earliestRefreshAt?.getTime() ?? 0).toBeLessThanOrEqual(now.getTime() + tenYearsMs);
  expect(refreshToken?.reveal()).not.toBe("");
  expect(scopes).not.toEqual([]);
}

const rehearsal = new Rehearsal();
const rehearsed = await providerAt(rehearsal, "https://vendor.example/token");
afterAll(() => rehearsal[Symbol.asyncDispose]());

test("no answer that holds a usable access token loses it, whatever else it holds", async () => {
  await fc.assert(
    fc.asyncProperty(usable, fc.integer({ min: 200, max: 299 }), async ({ token: expected, body }, status) => {
      rehearsal.answer = { status, body: JSON.stringify(body) };
      expectSound(expectOAuth(await exchange(rehearsed)), expected);
      const renewed = expectOAuth(await rehearsed.refreshCredentials(previous));
      expectSound(renewed, expected);
      expect(renewed.refreshToken).not.toBeNull();
    }),
    { numRuns: 1_000 },
  );
});

test("no answer without one is a success, and none ends a grant but by the code that says so", async () => {
  await fc.assert(
    fc.asyncProperty(refusals, fc.integer({ min: 200, max: 599 }), async ({ body, isOver }, status) => {
      rehearsal.answer = { status, body: JSON.stringify(body) };
      const error: unknown = await rehearsed.refreshCredentials(previous).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(isOver ? AuthError : ProviderUnavailableError);
      await expect(exchange(rehearsed)).rejects.toBeInstanceOf(AuthError);
    }),
    { numRuns: 1_000 },
  );
});

test("an error status is no success, even with a token in it", async () => {
  await fc.assert(
    fc.asyncProperty(usable, fc.integer({ min: 300, max: 599 }), async ({ body }, status) => {
      rehearsal.answer = { status, body: JSON.stringify(body) };
      await expect(rehearsed.refreshCredentials(previous)).rejects.toBeInstanceOf(ProviderUnavailableError);
    }),
    { numRuns: 200 },
  );
});

test("no text crashes the reader, or ends a grant", async () => {
  const texts = fc.oneof(fc.string({ unit: "binary", maxLength: 500 }), fc.json(), fc.webQueryParameters());
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 200, max: 599 }), async (body, status) => {
      fc.pre(!body.includes("invalid_grant"));
      rehearsal.answer = { status, body };
      const result: unknown = await rehearsed.refreshCredentials(previous).catch((reason: unknown) => reason);
      expect(result).not.toBeInstanceOf(InvalidCredentialError);
      expect(result instanceof AuthError || body.includes("access_token")).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test("over a connection, in every form, nothing is lost either", async () => {
  let form = answerForms["as plain text"];
  let body: Readonly<Record<string, unknown>> = {};
  await using server = await startRawServer((request, response) => {
    request.resume().on("end", () => writeForm(response, form(body)));
  });
  await using http = new HttpClient();
  const provider = await providerAt(http, `${server.baseUrl}/token`);
  await fc.assert(
    fc.asyncProperty(usable, fc.constantFrom(...Object.values(answerForms)), async (answer, chosen) => {
      form = chosen;
      // A form holds texts, and what is no text in it is not there.
      body = JSON.parse(JSON.stringify(answer.body).toWellFormed()) as typeof body;
      expectSound(expectOAuth(await exchange(provider)), answer.token);
      expectSound(expectOAuth(await provider.refreshCredentials(previous)), answer.token);
    }),
    { numRuns: 150 },
  );
});

test("over a connection, no bytes under any label crash the reader, or end a grant", async () => {
  const labels = [
    "gzip",
    "br",
    "deflate",
    "zstd",
    "identity",
    "compress",
    "gzip, gzip",
    "utf-8",
    ",",
    "gzip, br, deflate, zstd, gzip, br",
  ];
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
    fc.uint8Array({ maxLength: 400 }).map((array) => gzipSync(array)),
    fc.json().map((text) => Buffer.from(text)),
  );
  let answer: { readonly label: string; readonly body: Buffer } = { label: "", body: Buffer.alloc(0) };
  await using server = await startRawServer((request, response) => {
    request.resume().on("end", () => response.writeHead(200, { "content-encoding": answer.label }).end(answer.body));
  });
  await using http = new HttpClient();
  const provider = await providerAt(http, `${server.baseUrl}/token`);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...labels), bytes, async (label, body) => {
      answer = { label, body };
      const error: unknown = await provider.refreshCredentials(previous).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ProviderUnavailableError);
      expect(error).toMatchObject({ failure: "unknown" });
    }),
    { numRuns: 150 },
  );
});
