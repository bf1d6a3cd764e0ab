import { expect, test } from "vitest";
import { FlowRedirects } from "../../../src/connect/oauth/flow-redirects.ts";
import { RedirectUris } from "../../../src/connect/oauth/redirect-uris.ts";
import { MethodUnavailableError } from "../../../src/errors/auth-error.ts";
import type { ProviderAuth } from "../../../src/providers/provider-auth.ts";
import { loadCatalog } from "../../../src/providers/registry.ts";
import { begin, setOAuthStage } from "./oauth-stage.ts";

const names = (await loadCatalog()).map(({ name }) => name);
const provider = (name: string) => ({ name, getAvailableMethods: () => [] }) as unknown as ProviderAuth;
const callbacks = (base: string) => names.map((name) => `${base}/auth/${name}/callback`);

test.each(["http://127.0.0.1:4000", "http://[::1]:4000", "http://127.0.0.1"])(
  "with PUBLIC_URL=%s a loopback flow of each provider has the callback of its own",
  (publicUrl) => {
    const redirects = new FlowRedirects(new RedirectUris(callbacks(publicUrl)), publicUrl);
    for (const name of names) {
      expect(redirects.choose(provider(name), "loopback", null)).toBe(`${publicUrl}/auth/${name}/callback`);
    }
  },
);

test("elsewhere it has the operator's loopback address, and never another provider's callback", () => {
  const publicUrl = "http://127.0.0.1:4000";
  const own = "http://127.0.0.1/auth/callback";
  const others = [...callbacks(publicUrl).filter((uri) => !uri.includes("/google/")), own];
  const redirects = new FlowRedirects(new RedirectUris(others), publicUrl);
  expect(redirects.choose(provider("google"), "loopback", null)).toBe(own);
  expect(redirects.choose(provider("openai"), "loopback", null)).toBe(`${publicUrl}/auth/openai/callback`);
  const without = new FlowRedirects(new RedirectUris(others.slice(0, -1)), publicUrl);
  expect(() => without.choose(provider("google"), "loopback", null)).toThrow(MethodUnavailableError);
  const remote = new FlowRedirects(new RedirectUris([...callbacks("https://a.example"), own]), "https://a.example");
  expect(remote.choose(provider("google"), "loopback", null)).toBe(own);
});

test("a loopback flow on this machine comes back to its own provider's callback", async () => {
  const publicUrl = "http://127.0.0.1:4000";
  await using stage = await setOAuthStage("google", { environment: { PUBLIC_URL: publicUrl } });
  const flow = await begin(await stage.client("alice"), "google", { kind: "LOOPBACK" });
  expect(flow.redirectUri).toBe(`${publicUrl}/auth/google/callback`);
  expect(new URL(flow.authorizationUrl!).searchParams.get("redirect_uri")).toBe(flow.redirectUri);
});
