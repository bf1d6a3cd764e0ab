import { inspect } from "node:util";
import { expect, test } from "vitest";
import { NoAnswerError } from "../../../src/providers/http-client.ts";
import { vendorText } from "../../support/authorization-server/dialect.ts";
import type { AuthorizationFault } from "../../support/authorization-server/fault.ts";
import { approve, catalogEntry, createProvider, expectOAuth, newFlow, refusal, setStage, signIn } from "./sign-in.ts";

const unusable: [string, AuthorizationFault, number | null][] = [
  ["500", { kind: "status", status: 500 }, null],
  ["503 with Retry-After", { kind: "status", status: 503, headers: { "retry-after": "30" } }, 30],
  ["429 with Retry-After", { kind: "status", status: 429, headers: { "retry-after": "7" } }, 7],
  ["403 of a kind nobody knows", { kind: "status", status: 403 }, null],
  ["a page", { kind: "html" }, null],
  ["an answer that is too large", { kind: "huge" }, null],
  ["broken JSON", { kind: "rubbish" }, null],
  ["a cut connection", { kind: "reset" }, null],
  ["silence", { kind: "hang" }, null],
  ["a redirect", { kind: "redirect", location: "http://127.0.0.1:9/" }, null],
  ["a lost answer", { kind: "lost" }, null],
  ["tokens inside a page", { kind: "in-a-page" }, null],
];

test.each(unusable)("%s: an exchange says that the provider is unavailable", async (_name, fault, retryAfter) => {
  await using stage = await setStage("anthropic", { deadlineMs: 500 });
  const exchange = await approve(stage.provider);
  stage.server.next("/token", fault);
  const error = await refusal(stage.provider.exchangeOAuthCode(exchange));
  expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE", retryAfter });
  expect(error.message).not.toContain(vendorText);
  expect(error.message).not.toContain(exchange.code.reveal());
});

test.each(unusable)("%s: a refresh leaves the grant alone", async (_name, fault, retryAfter) => {
  await using stage = await setStage("google", { deadlineMs: 500 });
  const credentials = await signIn(stage.provider);
  stage.server.next("/token", fault);
  const error = await refusal(stage.provider.refreshCredentials(credentials));
  expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE", retryAfter });
  expectOAuth(await stage.provider.refreshCredentials(credentials));
});

test("health counts silence and outages; a refusal is an answer", async () => {
  await using stage = await setStage("google");
  const credentials = await signIn(stage.provider);
  const statusAfter = async (fault: AuthorizationFault) => {
    stage.server.next("/token", fault);
    await refusal(stage.provider.refreshCredentials(credentials));
    return stage.provider.health.status;
  };
  expect(await statusAfter({ kind: "reset" })).toBe("degraded");
  expect(await statusAfter({ kind: "html" })).toBe("degraded");
  expect(await statusAfter({ kind: "status", status: 502 })).toBe("down");
  expect(await statusAfter({ kind: "status", status: 400, body: { error: "invalid_grant" } })).toBe("healthy");
});

test("of a lost answer nobody knows whether the request arrived; of a refused connection everybody does", async () => {
  await using stage = await setStage("anthropic");
  const credentials = await signIn(stage.provider);
  stage.server.next("/token", { kind: "lost" });
  const lost = await refusal(stage.provider.refreshCredentials(credentials));
  expect(lost.cause).toMatchObject({ mayHaveArrived: true });
  const nobody = { ...stage.server.environment("anthropic"), ANTHROPIC_OAUTH_TOKEN_URL: "http://127.0.0.1:9/token" };
  const provider = createProvider(await catalogEntry("anthropic"), nobody);
  const refused = await refusal(provider.refreshCredentials(credentials));
  expect(refused.cause).toBeInstanceOf(NoAnswerError);
  expect(refused.cause).toMatchObject({ mayHaveArrived: false });
});

test.each([
  ["anthropic", "invalid_client"],
  ["google", "unauthorized_client"],
  ["google", "redirect_uri_mismatch"],
] as const)("%s: %s is the operator's business, and the message names the variables", async (kind, error) => {
  await using stage = await setStage(kind);
  const credentials = await signIn(stage.provider);
  stage.server.next("/token", { kind: "status", status: 401, body: { error, error_description: vendorText } });
  const refused = await refusal(stage.provider.refreshCredentials(credentials));
  expect(refused.code).toBe("PROVIDER_UNAVAILABLE");
  expect(refused.message).toContain(`${kind.toUpperCase()}_OAUTH_CLIENT_ID`);
  expect(refused.message).not.toContain(vendorText);
});

test("an error with status 200 is an error", async () => {
  await using stage = await setStage("google");
  const exchange = await approve(stage.provider);
  await stage.provider.exchangeOAuthCode(exchange);
  stage.server.next("/token", { kind: "error-with-200" });
  expect((await refusal(stage.provider.exchangeOAuthCode(exchange))).code).toBe("INVALID_CREDENTIAL");
});

test.each(["refresh_token_expired", "refresh_token_reused", "token_expired", "invalid_refresh_token"])(
  "openai: %s ends the grant, as an object with status 401 too",
  async (code) => {
    await using stage = await setStage("openai");
    const credentials = await signIn(stage.provider);
    const body = { error: { type: "invalid_request_error", code, message: vendorText } };
    stage.server.next("/token", { kind: "status", status: 401, body });
    const error = await refusal(stage.provider.refreshCredentials(credentials));
    expect(error.code).toBe("INVALID_CREDENTIAL");
    expect(error.message).not.toContain(vendorText);
    expect((error.cause as Error).message).toContain(code);
  },
);

test("access_denied at the token endpoint is the user's no", async () => {
  await using stage = await setStage("google");
  const exchange = await approve(stage.provider);
  stage.server.next("/token", { kind: "status", status: 400, body: { error: "access_denied" } });
  expect((await refusal(stage.provider.exchangeOAuthCode(exchange))).code).toBe("OAUTH_DENIED");
});

test("neither an error nor its causes hold a token", async () => {
  await using stage = await setStage("openai");
  const credentials = await signIn(stage.provider);
  stage.server.tokenOverrides = { access_token: 5, refresh_token: "a-secret-refresh-token" };
  const error = await refusal(stage.provider.refreshCredentials(credentials));
  const shown = inspect(error, { depth: 20, showHidden: true });
  expect(shown).not.toContain("a-secret-refresh-token");
  expect(shown).not.toContain(credentials.refreshToken!.reveal());
});

test.each([
  ["500", { kind: "status", status: 500 }],
  ["silence", { kind: "hang" }],
  ["a refusal", { kind: "status", status: 400, body: { error: "unsupported_token_type" } }],
] as const)("revocation: %s is no confirmation", async (_name, fault) => {
  await using stage = await setStage("google", { deadlineMs: 500 });
  const credentials = await signIn(stage.provider);
  stage.server.next("/token/revocation", fault);
  expect(await stage.provider.revokeCredentials(credentials)).toBe(false);
});

test("revocation: an unknown token is one that has ended, and a body is not needed", async () => {
  await using stage = await setStage("google");
  const credentials = await signIn(stage.provider);
  stage.server.next("/token/revocation", { kind: "status", status: 400, body: { error: "invalid_token" } });
  expect(await stage.provider.revokeCredentials(credentials)).toBe(true);
  stage.server.next("/token/revocation", { kind: "status", status: 200, body: "" });
  expect(await stage.provider.revokeCredentials({ ...credentials, refreshToken: null })).toBe(true);
  expect(stage.server.requests.at(-1)!.body["token_type_hint"]).toBe("access_token");
});

test("discovery that fails is tried again at the next call, and is asked once while it lasts", async () => {
  await using stage = await setStage("google");
  const path = "/.well-known/openid-configuration";
  stage.server.next(path, { kind: "status", status: 503 });
  expect((await refusal(stage.provider.initiateOAuthFlow(newFlow()))).code).toBe("PROVIDER_UNAVAILABLE");
  await Promise.all([1, 2, 3].map(() => stage.provider.initiateOAuthFlow(newFlow())));
  await signIn(stage.provider);
  expect(stage.server.requests.filter((request) => request.path === path)).toHaveLength(2);
  await signIn(stage.provider);
  expect(stage.server.requests.filter((request) => request.path === "/jwks")).toHaveLength(1);
});

test.each([{ kind: "status", status: 500 }, { kind: "hang" }, { kind: "html" }] as const)(
  "keys that cannot be fetched (%o) are the provider's trouble, and do not cost the code",
  async (fault) => {
    await using stage = await setStage("google", { deadlineMs: 500 });
    const exchange = await approve(stage.provider);
    stage.server.next("/jwks", fault);
    const error = await refusal(stage.provider.exchangeOAuthCode(exchange));
    expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE", failure: "refused" });
    expect(stage.server.requests.filter(({ path }) => path === "/token")).toEqual([]);
    await stage.provider.exchangeOAuthCode(exchange);
  },
);

test("a caller may stop waiting", async () => {
  await using stage = await setStage("anthropic");
  const credentials = await signIn(stage.provider);
  stage.server.next("/token", { kind: "hang" });
  const call = stage.provider.refreshCredentials(credentials, { signal: AbortSignal.timeout(50) });
  expect((await refusal(call)).code).toBe("PROVIDER_UNAVAILABLE");
});
