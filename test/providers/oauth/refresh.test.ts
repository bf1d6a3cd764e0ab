import { expect, test } from "vitest";
import type { ProviderFailure } from "../../../src/errors/auth-error.ts";
import { HttpClient } from "../../../src/providers/http-client.ts";
import type { AuthorizationFault } from "../../support/authorization-server/fault.ts";
import { catalogEntry, createProvider, expectOAuth, refusal, setStage, signIn } from "./sign-in.ts";

const body = (error: string) => ({ error });
const outcomes: [ProviderFailure, string, AuthorizationFault][] = [
  ["refused", "500", { kind: "status", status: 500 }],
  ["refused", "503", { kind: "status", status: 503 }],
  ["limited", "429", { kind: "status", status: 429 }],
  ["hindered", "403 of a kind nobody knows", { kind: "status", status: 403 }],
  ["declined", "invalid_scope", { kind: "status", status: 400, body: body("invalid_scope") }],
  ["declined", "invalid_request", { kind: "status", status: 400, body: body("invalid_request") }],
  ["unknown", "504", { kind: "status", status: 504 }],
  ["unknown", "a page", { kind: "html" }],
  ["unknown", "broken JSON", { kind: "rubbish" }],
  ["unknown", "an answer that is too large", { kind: "huge" }],
  ["unknown", "a cut connection", { kind: "reset" }],
  ["unknown", "a lost answer", { kind: "lost" }],
  ["unknown", "silence", { kind: "hang" }],
  ["unknown", "a redirect", { kind: "redirect", location: "http://127.0.0.1:9/" }],
  ["unknown", "tokens inside a page", { kind: "in-a-page" }],
  ["unknown", "a success without tokens", { kind: "status", status: 200, body: {} }],
  ["misconfigured", "invalid_client", { kind: "status", status: 401, body: body("invalid_client") }],
  ["misconfigured", "unauthorized_client", { kind: "status", status: 400, body: body("unauthorized_client") }],
  ["misconfigured", "unsupported_grant_type", { kind: "status", status: 400, body: body("unsupported_grant_type") }],
  ["misconfigured", "deleted_client", { kind: "status", status: 401, body: body("deleted_client") }],
];

test.each(outcomes)("what is known of a refresh is %s after %s", async (failure, _name, fault) => {
  await using stage = await setStage("anthropic", { deadlineMs: 1_000 });
  const credentials = await signIn(stage.provider);
  stage.server.next("/token", fault);
  const error = await refusal(stage.provider.refreshCredentials(credentials));
  expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE", failure });
});

test("a token endpoint that nobody listens at has refused", async () => {
  await using stage = await setStage("anthropic");
  const credentials = await signIn(stage.provider);
  const nobody = { ...stage.server.environment("anthropic"), ANTHROPIC_OAUTH_TOKEN_URL: "http://127.0.0.1:9/token" };
  const provider = createProvider(await catalogEntry("anthropic"), nobody);
  expect(await refusal(provider.refreshCredentials(credentials))).toMatchObject({ failure: "refused" });
});

test.each([{ kind: "hang" }, { kind: "reset" }, { kind: "html" }, { kind: "status", status: 504 }] as const)(
  "discovery that ends with %o has kept the refresh token here: refused",
  async (fault) => {
    await using stage = await setStage("google");
    const credentials = await signIn(stage.provider);
    const http = new HttpClient({ deadlineMs: 1_000 });
    const provider = createProvider(await catalogEntry("google"), stage.server.environment("google"), { http });
    stage.server.next("/.well-known/openid-configuration", fault);
    expect(await refusal(provider.refreshCredentials(credentials))).toMatchObject({ failure: "refused" });
    expectOAuth(await provider.refreshCredentials(credentials));
    await http[Symbol.asyncDispose]();
  },
);

test("an answer whose tokens cannot be used proves nothing against the grant", async () => {
  await using stage = await setStage("anthropic");
  const credentials = await signIn(stage.provider);
  stage.server.tokenOverrides = { access_token: "two words" };
  const error = await refusal(stage.provider.refreshCredentials(credentials));
  expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE", failure: "unknown" });
});

test.each(["google", "openai"] as const)(
  "%s: a refresh takes its tokens without looking at the ID token, and fetches no keys for it",
  async (kind) => {
    await using stage = await setStage(kind);
    let credentials = await signIn(stage.provider);
    const keys = () => stage.server.requests.filter(({ path }) => path === "/jwks").length;
    const before = keys();
    for (const idToken of ["rubbish", "e30.e30.AAAA", 7, null]) {
      stage.server.tokenOverrides = { id_token: idToken };
      const renewed = expectOAuth(await stage.provider.refreshCredentials(credentials));
      expect(renewed.accessToken.reveal()).not.toBe(credentials.accessToken.reveal());
      expect(renewed.account).toEqual(credentials.account);
      credentials = renewed;
    }
    expect(keys()).toBe(before);
  },
);

test("how long a refresh token may be sent again is what the catalogue says of its rotation", async () => {
  const windows = await Promise.all(
    (["anthropic", "openai", "google"] as const).map(async (kind) => {
      const environment = { [`${kind.toUpperCase()}_OAUTH_CLIENT_ID`]: "a client" };
      return createProvider(await catalogEntry(kind), environment).replayWindow;
    }),
  );
  expect(windows).toEqual([0, 0, Number.POSITIVE_INFINITY]);
});
