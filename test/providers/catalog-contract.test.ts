import { readdir } from "node:fs/promises";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { MethodUnavailableError } from "../../src/errors/auth-error.ts";
import { Secret } from "../../src/lib/secret.ts";
import { type AnswerRule, generalWords, type Verdict } from "../../src/providers/answer-rules.ts";
import { acceptedCodings } from "../../src/providers/content-coding.ts";
import type { ProbeAnswerError } from "../../src/providers/credential-probe.ts";
import type {
  ApiKeyCredentials,
  OAuthCredentials,
  ProviderAuth,
  ProviderCredentials,
} from "../../src/providers/provider-auth.ts";
import { loadCatalog } from "../../src/providers/registry.ts";
import { startServer } from "../support/mock-provider/server.ts";
import { apiKeyCredentials, createProvider, revealHeaders } from "./provider-under-test.ts";
import { acceptance, answersFor, methodsOf, secretFor } from "./rule-answers.ts";

/** What every provider of the catalogue is and says of itself; catalog-answers.test.ts has what it makes of answers. */
const catalog = await loadCatalog();

// With characters that a URL would have to escape.
const key = "key-of-the-contract/+=&%41";
const credentials = apiKeyCredentials(key);

const oauthCode = {
  code: new Secret("code"),
  state: "state",
  nonce: "nonce",
  issuer: null,
  redirectUri: "http://127.0.0.1/auth/callback",
  codeVerifier: new Secret("verifier"),
};
const oauthCredentials: OAuthCredentials = {
  method: "oauth",
  accessToken: new Secret("access"),
  refreshToken: new Secret("refresh"),
  expiresAt: null,
  scopes: [],
  account: null,
};

/** The verdict that a result shows; of the two that accept with a warning, the one whose words it has. */
function verdictOf(result: unknown, rule: AnswerRule): Verdict | "none" | "another" {
  if (result instanceof Error) return (result.cause as ProbeAnswerError).verdict ?? "none";
  const { warning } = result as ProviderCredentials;
  if (warning === undefined) return "valid";
  if (rule.verdict === "valid" || rule.verdict === "invalid") return "another";
  const [beginning = ""] = (rule.what ?? generalWords[rule.verdict].what).split("{it}");
  return warning.includes(beginning) ? rule.verdict : "another";
}

test("a provider is named as its file is, so no two have one name", async () => {
  const files = await readdir(new URL("../../src/providers/catalog/", import.meta.url));
  const names = files.map((file) => file.replace(/\.ts$/, ""));
  expect(catalog.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});

describe.each(catalog)("$name", (definition) => {
  test("its name is fit for inputs and, in capitals, for variables", async () => {
    await using subject = createProvider(definition);
    expect(definition.name).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(subject.provider.name).toBe(definition.name);
  });

  test("it has a name for people, and a page of documentation on the web", async () => {
    await using subject = createProvider(definition);
    expect(subject.provider.displayName.trim()).not.toBe("");
    expect(subject.provider.documentationUrl).toMatch(/^https:\/\/\S+$/);
  });

  test("it is reached by https, at an address without a slash at the end", async () => {
    await using subject = createProvider(definition);
    const { baseUrl } = subject.provider.describeAccess(credentials);
    expect(baseUrl).toMatch(/^https:\/\/\S+[^/]$/);
    expect(URL.canParse(baseUrl)).toBe(true);
  });

  test("it has at least one method, and each says why exactly when it is unavailable", async () => {
    await using subject = createProvider(definition);
    const methods = subject.provider.getAvailableMethods();
    expect(methods).not.toEqual([]);
    expect(new Set(methods.map(({ method }) => method)).size).toBe(methods.length);
    for (const { method, available, unavailableReason, flows, policy } of methods) {
      expect(unavailableReason === null).toBe(available);
      expect(flows.length === 0).toBe(method === "api_key");
      expect(policy).toMatch(/^(supported|operator_only|prohibited)$/);
    }
  });

  test("a key is checked with the headers of its grant and nothing more, below the operator's base URL", async () => {
    await using server = await startServer(
      () => acceptance(definition.answers!.rules),
      (status) => ({ status, body: {} }),
    );
    await using subject = createProvider(definition, { baseUrl: `${server.baseUrl}/gateway/` });
    const access = subject.provider.describeAccess(credentials);
    await subject.provider.validateCredentials(credentials);

    const [request, ...others] = server.requests;
    expect(others).toEqual([]);
    expect(access.baseUrl).toBe(`${server.baseUrl}/gateway`);
    expect(request!.path).toMatch(/^\/gateway\/\w/);
    const { host: _host, connection: _connection, ...headers } = request!.headers;
    const negotiation = { accept: "application/json", "accept-encoding": acceptedCodings };
    expect(headers).toEqual({ ...negotiation, ...revealHeaders(access) });
    for (const place of [request!.path, decodeURIComponent(request!.path), request!.body]) {
      expect(place).not.toContain(key);
    }
  });

  test("each rule of its answers has a source on the web, and they were read in a month that is named", () => {
    const { asOf, rules } = definition.answers!;
    expect(asOf).toMatch(/^[A-Z][a-z]+ 20\d\d$/);
    for (const { source, what, cure = "" } of rules) {
      expect(source).toMatch(/^https:\/\/\S+$/);
      expect(what ?? "").not.toMatch(/[.!]$/);
      expect(cure).toMatch(/^$|[.]$/);
    }
  });

  test("it knows a success, and the refusal of a key that does not exist, by more than the status", () => {
    const { rules } = definition.answers!;
    for (const verdict of ["valid", "invalid"]) {
      const known = rules.filter((rule) => rule.verdict === verdict);
      expect(known).not.toEqual([]);
      expect(known.every(({ codes, text, field }) => (codes ?? text ?? field) !== undefined)).toBe(true);
    }
  });

  test.each(definition.answers!.rules.map((rule, index) => [index, rule.verdict, rule] as const))(
    "rule %i (%s) decides over its answers, whatever their shape and status",
    async (_index, verdict, rule) => {
      const { rules } = definition.answers!;
      await using server = await startServer(
        () => acceptance(rules),
        (status) => ({ status, body: {} }),
      );
      await using subject = createProvider(definition, server);
      const { provider } = subject;
      for (const answer of answersFor(rule)) {
        for (const method of methodsOf(rule)) {
          server.next({ kind: "status", ...answer });
          const checked: ProviderCredentials =
            method === "api_key"
              ? apiKeyCredentials(secretFor(rule))
              : { ...oauthCredentials, accessToken: new Secret(secretFor(rule)) };
          const result: unknown = await provider.validateCredentials(checked).catch((e: unknown) => e);
          expect([answer, verdictOf(result, rule)]).toEqual([answer, verdict]);
        }
      }
      expect(server.requests).toHaveLength(answersFor(rule).length * methodsOf(rule).length);
    },
  );

  test("a grant carries the key, and shows it to nobody who does not ask", async () => {
    await using subject = createProvider(definition);
    const access = subject.provider.describeAccess(credentials);
    expect(Object.values(revealHeaders(access)).some((value) => value.includes(key))).toBe(true);
    for (const { value } of access.headers) {
      expect([String(value), JSON.stringify(value), inspect(value)]).toEqual(["[secret]", '"[secret]"', "[secret]"]);
    }
    expect(JSON.stringify(access) + inspect(access, { depth: null, showHidden: true })).not.toContain(key);
  });

  test("a key does not expire", async () => {
    await using subject = createProvider(definition);
    expect(subject.provider.describeAccess(credentials).expiresAt).toBeNull();
  });

  const refused: [name: string, call: (provider: ProviderAuth) => Promise<unknown>][] = [
    ["refreshing a key", (provider) => provider.refreshCredentials(credentials)],
    ["refreshing tokens", (provider) => provider.refreshCredentials(oauthCredentials)],
    ["a code", (provider) => provider.authenticate({ method: "oauth", ...oauthCode })],
    ["exchanging a code", (provider) => provider.exchangeOAuthCode(oauthCode)],
    [
      "starting a flow",
      (provider) =>
        provider.initiateOAuthFlow({
          kind: "redirect",
          redirectUri: null,
          scopes: null,
          state: "state",
          nonce: "nonce",
          codeVerifier: new Secret("verifier"),
        }),
    ],
  ];

  test.each(refused)("without an OAuth client, %s is refused with the methods that work", async (_name, call) => {
    await using subject = createProvider(definition);
    const methods = subject.provider.getAvailableMethods().filter(({ available }) => available);
    const error = await call(subject.provider).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MethodUnavailableError);
    expect(error).toMatchObject({ availableMethods: methods.map(({ method }) => method) });
  });

  test("the server's own key comes from the environment, and is none when nothing is set", async () => {
    await using without = createProvider(definition);
    await using configured = createProvider(definition, { apiKey: key });
    expect(without.provider.environmentCredentials()).toBeNull();
    const own = configured.provider.environmentCredentials() as ApiKeyCredentials;
    expect([own.method, own.apiKey.reveal()]).toEqual(["api_key", key]);
  });
});
