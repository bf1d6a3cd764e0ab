import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/lib/secret.ts";
import { type AnswerFormName, answerForms, writeForm } from "../../support/answer-forms.ts";
import { StrictProvider } from "../../support/strict-provider.ts";
import { apiKeyCredentials, createProvider as createApiProvider } from "../provider-under-test.ts";
import { startRawServer } from "../raw-server.ts";
import { approve, catalogEntry, createProvider, expectOAuth, refusal, setStage, signIn } from "./sign-in.ts";

const names = Object.keys(answerForms) as AnswerFormName[];

describe("tokens are kept in whichever form they come", () => {
  test.each(names)("%s: from a sign-in and from a refresh", async (name) => {
    await using stage = await setStage("google");
    stage.server.tokenForm = answerForms[name];
    const before = await signIn(stage.provider);
    expect(before.accessToken.reveal()).toBe(stage.server.answers.at(-1)!["access_token"]);
    expect(before.account?.id).toBe("alice");
    const after = expectOAuth(await stage.provider.refreshCredentials(before));
    expect(after.accessToken.reveal()).toBe(stage.server.answers.at(-1)!["access_token"]);
    expect(after.accessToken.reveal()).not.toBe(before.accessToken.reveal());
    expect(after.lifetime).toBe(3600);
  });

  test.each(names)("%s: at a provider that never gives them again", async (name) => {
    await using strict = await StrictProvider.start();
    strict.tokenForm = answerForms[name];
    const { accessToken, refreshToken } = await strict.mint("alice");
    const provider = createProvider(await catalogEntry("anthropic"), strict.environment("anthropic"));
    const renewed = expectOAuth(
      await provider.refreshCredentials({
        method: "oauth",
        accessToken: new Secret(accessToken),
        refreshToken: new Secret(refreshToken),
        expiresAt: null,
        scopes: [],
        account: null,
      }),
    );
    expect(await strict.isCurrent(renewed.refreshToken!.reveal())).toBe(true);
    expect(strict.reuses).toBe(0);
  });
});

test.each(names.filter((name) => !name.startsWith("as a form")))("an API's answer counts too: %s", async (name) => {
  await using api = await startRawServer((_request, response) => writeForm(response, answerForms[name]({ data: [] })));
  await using subject = createApiProvider(await catalogEntry("anthropic"), api);
  const credentials = apiKeyCredentials("a-key-of-the-users");
  expect(await subject.provider.validateCredentials(credentials)).toEqual(credentials);
});

describe("what cannot be read is no success, and is told by its name", () => {
  const compressed = {
    kind: "status",
    status: 200,
    headers: { "content-encoding": "compress", "content-type": "application/json" },
    body: "\u001f\u009d\u0090",
  } as const;

  test("a coding that nobody knows, at a refresh: the outcome is unknown", async () => {
    await using stage = await setStage("anthropic");
    const credentials = await signIn(stage.provider);
    stage.server.next("/token", compressed);
    const error = await refusal(stage.provider.refreshCredentials(credentials));
    expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE", failure: "unknown" });
    expect(error.message).toContain('the content encoding "compress"');
    expect((error.cause as Error).message).toContain("content encoding compress");
  });

  test("with an error status, nothing was carried out", async () => {
    await using stage = await setStage("anthropic");
    const credentials = await signIn(stage.provider);
    stage.server.next("/token", { ...compressed, status: 403 });
    expect(await refusal(stage.provider.refreshCredentials(credentials))).toMatchObject({ failure: "refused" });
  });

  test.each(["a=b&c=d", "access_token", "<access_token=x>", "access_token=a b", "error"])(
    "a text that is no form: %s",
    async (body) => {
      await using stage = await setStage("anthropic");
      const exchange = await approve(stage.provider);
      stage.server.next("/token", { kind: "status", status: 200, body });
      const error = await refusal(stage.provider.exchangeOAuthCode(exchange));
      expect(error.code === "PROVIDER_UNAVAILABLE" || error.code === "INVALID_CREDENTIAL").toBe(true);
    },
  );
});

// Kanidm: https://github.com/kanidm/kanidm/issues/4470; GitHub, with status 200, where JSON was not asked for:
// https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
test.each([
  [400, "text/plain", '{"error":"invalid_grant"}'],
  [400, "text/html", '{"error":"invalid_grant"}'],
  [200, "application/x-www-form-urlencoded", "error=invalid_grant&error_description=It+has+expired."],
  [400, "application/x-www-form-urlencoded", "error=invalid_grant"],
  [400, "application/json", '{"error":"invalid_grant","access_token":"at-1"}'],
])("a refusal is one in whichever form it comes: %i, %s, %s", async (status, type, body) => {
  await using stage = await setStage("anthropic");
  const credentials = await signIn(stage.provider);
  stage.server.next("/token", { kind: "status", status, headers: { "content-type": type }, body });
  expect((await refusal(stage.provider.refreshCredentials(credentials))).code).toBe("INVALID_CREDENTIAL");
});
