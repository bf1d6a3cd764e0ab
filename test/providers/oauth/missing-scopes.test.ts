import { expect, test } from "vitest";
import { setStage, signIn } from "./sign-in.ts";

test.each([
  [
    "google",
    "openid https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/cloud-platform or",
  ],
  ["openai", "openid profile email offline_access resource.invoke", "(chatgpt.tokens.use.direct)"],
  ["anthropic", ["user:profile"], "(user:inference)"],
] as const)(
  "%s: a consent without the scope of the API is kept, and says what to allow",
  async (kind, scope, named) => {
    await using stage = await setStage(kind);
    stage.server.tokenOverrides = { scope };
    const { warning } = await signIn(stage.provider);
    expect(warning).toContain("accepts the sign-in, but it does not include the permission to call the API");
    expect(warning).toContain(named);
    expect(warning).toContain("Connect again and allow it.");
  },
);

test.each([
  ["google", "openid https://www.googleapis.com/auth/generative-language.retriever"],
  ["openai", "chatgpt.tokens.use.direct openid"],
  ["anthropic", "user:inference"],
  ["anthropic", undefined],
] as const)("%s: one with it has no warning: %s", async (kind, scope) => {
  await using stage = await setStage(kind);
  stage.server.tokenOverrides = scope === undefined ? {} : { scope };
  expect(await signIn(stage.provider)).not.toHaveProperty("warning");
});
