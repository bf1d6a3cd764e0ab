import { expect, test } from "vitest";
import { systemClock } from "../../src/lib/clock.ts";
import { Secret } from "../../src/lib/secret.ts";
import { HttpClient } from "../../src/providers/http-client.ts";
import { ProviderHealth } from "../../src/providers/provider-health.ts";
import { Sandbox } from "../../src/sandbox/sandbox.ts";
import { Visitor } from "./visitor.ts";

const redirectUri = "https://auth.example.test/auth/sandbox/callback";

test("a refresh rotates the token, and one that is used again ends its whole family", async () => {
  const isRedirectUriAllowed = (uri: string) => uri === redirectUri;
  const failures: unknown[] = [];
  await using sandbox = await Sandbox.start({ isRedirectUriAllowed, onError: (error) => failures.push(error) });
  await using http = new HttpClient();
  const { settings } = sandbox;
  const health = new ProviderHealth(systemClock);
  const provider = sandbox.definition.create({ http, health, settings, clock: systemClock });

  const flow = { state: "a-state", nonce: "a-nonce", codeVerifier: new Secret("v".repeat(43)), redirectUri };
  const start = await provider.initiateOAuthFlow({ ...flow, kind: "redirect", scopes: null });
  const visitor = new Visitor(redirectUri);
  const { url } = await visitor.submit(await visitor.open(start.authorizationUrl!), { decision: "allow" });
  const first = await provider.exchangeOAuthCode({
    ...flow,
    code: new Secret(url.searchParams.get("code")!),
    issuer: url.searchParams.get("iss"),
  });
  const second = await provider.refreshCredentials(first);
  if (first.method !== "oauth" || second.method !== "oauth") throw new Error("these are OAuth credentials");
  expect(second.refreshToken!.reveal()).not.toBe(first.refreshToken!.reveal());
  await expect(provider.validateCredentials(second)).resolves.toBeDefined();

  await expect(provider.refreshCredentials(first)).rejects.toMatchObject({ code: "INVALID_CREDENTIAL" });
  await expect(provider.validateCredentials(second)).rejects.toMatchObject({ code: "INVALID_CREDENTIAL" });
  await expect(provider.refreshCredentials(second)).rejects.toMatchObject({ code: "INVALID_CREDENTIAL" });
  expect(failures).toEqual([]);
});
