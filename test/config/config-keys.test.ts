import { describe, expect, test } from "vitest";
import { usualClaims } from "../../src/callers/token-claims.ts";
import { errorOf, faultsOf, keyBytes, load, requiredVariables } from "../support/test-config.ts";

describe("CREDENTIAL_ENCRYPTION_KEY", () => {
  const read = (value: string) =>
    load({ CREDENTIAL_ENCRYPTION_KEY: value }).encryptionKeys.map((key) => [key.id, key.bytes.reveal()]);
  const hex = keyBytes.toString("hex");
  const other = Buffer.alloc(32, 1).toString("base64");

  test.each([
    ["base64", keyBytes.toString("base64")],
    ["base64 without padding", keyBytes.toString("base64").replace("=", "")],
    ["base64url", keyBytes.toString("base64url")],
    ["hex", hex],
    ["hex in capitals", hex.toUpperCase()],
  ])("is read in %s, and named after its content", (_name, value) => {
    const [[id, revealed] = []] = read(value);
    expect(revealed).toBe(hex);
    expect(id).toBe(read(hex)[0]![0]);
    expect(id).not.toBe(read(other)[0]![0]);
    expect(hex).not.toContain(id);
  });

  test("may be a list, the sealing key first, with ids where they are given", () => {
    const list = read(`2026-11:${hex} , old:${other},${"ab".repeat(32)}`);
    expect(list.map(([id]) => id)).toEqual(["2026-11", "old", read("ab".repeat(32))[0]![0]]);
    expect(list[0]![1]).toBe(hex);
  });

  test.each([
    ["31 bytes", keyBytes.subarray(1).toString("base64")],
    ["33 bytes", Buffer.alloc(33).toString("base64")],
    ["31 bytes in hex", hex.slice(2)],
    ["other characters", `${"*".repeat(10)}${keyBytes.toString("base64")}`],
    ["something after its end", `${keyBytes.toString("base64")}junk`],
    ["nothing after its id", "id:"],
    ["nothing after the comma", `${hex},`],
    ["an id with other characters", `old key:${hex}`],
    ["an id that is too long", `${"k".repeat(33)}:${hex}`],
  ])("is refused with %s", (_name, value) => {
    expect(faultsOf({ CREDENTIAL_ENCRYPTION_KEY: value })).toEqual(["CREDENTIAL_ENCRYPTION_KEY"]);
  });

  test("is refused when two keys have one id, or are the same", () => {
    expect(faultsOf({ CREDENTIAL_ENCRYPTION_KEY: `a:${hex},a:${other}` })).toEqual(["CREDENTIAL_ENCRYPTION_KEY"]);
    expect(faultsOf({ CREDENTIAL_ENCRYPTION_KEY: `${hex},${hex}` })).toEqual(["CREDENTIAL_ENCRYPTION_KEY"]);
  });

  test("says which key of a list is wrong", () => {
    const { message } = errorOf({ ...requiredVariables, CREDENTIAL_ENCRYPTION_KEY: `new:${hex},old:YWJj` });
    expect(message).toContain("key 2 is not 32 bytes");
  });
});

describe("production", () => {
  const production = { NODE_ENV: "production" };

  test("makes no keys of its own, and names what is missing", () => {
    expect(errorOf(production).faults.map(({ name }) => name)).toEqual([
      "CREDENTIAL_ENCRYPTION_KEY",
      "AUTH_JWT_SECRET",
    ]);
    expect(errorOf(production).message).toContain("AUTH_JWKS_URL");
  });

  test("needs no secret where an identity provider issues the tokens", () => {
    const identityProvider = {
      AUTH_JWKS_URL: "https://login.example.com/jwks.json",
      AUTH_ISSUER: "https://login.example.com/",
      AUTH_AUDIENCE: "maestro-auth",
    };
    expect(errorOf({ ...production, ...identityProvider }).faults.map(({ name }) => name)).toEqual([
      "CREDENTIAL_ENCRYPTION_KEY",
    ]);
  });

  test("sends keys by https only, except to this machine", () => {
    const read = (url: string) => load({ ...production, OPENAI_API_BASE_URL: url }).providers.get("openai")!.apiBaseUrl;
    expect(faultsOf({ ...production, OPENAI_API_BASE_URL: "http://gateway.example.com" })).toEqual([
      "OPENAI_API_BASE_URL",
    ]);
    expect(faultsOf({ ...production, OPENAI_API_BASE_URL: "http://127.0.0.1.example.com" })).toEqual([
      "OPENAI_API_BASE_URL",
    ]);
    expect(read("https://gateway.example.com/llm/")).toBe("https://gateway.example.com/llm");
    expect(load({ OPENAI_API_BASE_URL: "http://gateway.example.com" })).toBeDefined();
    for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"]) {
      expect(read(`http://${host}:8080`)).toBe(`http://${host}:8080`);
    }
  });
});

describe("caller tokens", () => {
  const url = "https://login.example.com/jwks.json";
  const identityProvider = {
    AUTH_JWT_SECRET: "",
    AUTH_JWKS_URL: url,
    AUTH_ISSUER: "issuer",
    AUTH_AUDIENCE: "audience",
  };

  test("are verified by a secret, whose issuer and audience may be set", () => {
    const { callerTokens } = load({ AUTH_ISSUER: "issuer", AUTH_AUDIENCE: "audience" });
    expect(callerTokens).toMatchObject({ kind: "secret", issuer: "issuer", audience: "audience" });
    expect(callerTokens.kind === "secret" && callerTokens.secret.reveal()).toBe(requiredVariables.AUTH_JWT_SECRET);
    expect(load().callerTokens).toMatchObject({ issuer: null, audience: null });
  });

  test("are verified by published keys, with issuer and audience", () => {
    expect(load(identityProvider).callerTokens).toEqual({
      kind: "jwks",
      url: new URL(url),
      issuer: "issuer",
      audience: "audience",
      claims: usualClaims,
    });
  });

  test("of an identity provider need issuer and audience", () => {
    const variables = { ...identityProvider, AUTH_ISSUER: "", AUTH_AUDIENCE: "" };
    expect(faultsOf(variables)).toEqual(["AUTH_ISSUER", "AUTH_AUDIENCE"]);
  });

  test("may leave out the audience only where that is said", () => {
    const variables = { ...identityProvider, AUTH_AUDIENCE: "" };
    expect(load({ ...variables, AUTH_AUDIENCE_OPTIONAL: "true" }).callerTokens).toMatchObject({ audience: null });
    expect(faultsOf({ ...variables, AUTH_AUDIENCE_OPTIONAL: "false" })).toEqual(["AUTH_AUDIENCE"]);
  });

  test("say who and what in the claims that the settings name", () => {
    const { callerTokens } = load({
      ...identityProvider,
      AUTH_USER_CLAIM: "oid",
      AUTH_SCOPES_CLAIM: "permissions , https://example.com/scopes",
      AUTH_DEFAULT_SCOPES: "sessions, credentials:read",
      AUTH_SCOPE_MAP: "a=sessions,https://example.com/s?x=y=credentials:use admin, a=credentials:read",
      AUTH_AUDIENCE_CLAIM: "client_id",
      AUTH_TOKEN_TYPES: "application/AT+JWT,none",
    });
    expect(callerTokens.claims).toEqual({
      user: "oid",
      scopes: ["permissions", "https://example.com/scopes"],
      defaultScopes: ["sessions", "credentials:read"],
      scopeMap: new Map([
        ["a", ["sessions", "credentials:read"]],
        ["https://example.com/s?x=y", ["credentials:use", "admin"]],
      ]),
      audience: "client_id",
      isAudienceOptional: false,
      types: new Set(["at+jwt", null]),
    });
  });

  test.each([
    ["AUTH_USER_CLAIM", "sub,oid"],
    ["AUTH_USER_CLAIM", "user id"],
    ["AUTH_SCOPES_CLAIM", "scope,,scp"],
    ["AUTH_SCOPES_CLAIM", "scope scp"],
    ["AUTH_DEFAULT_SCOPES", "admin"],
    ["AUTH_DEFAULT_SCOPES", "sessions users:act"],
    ["AUTH_DEFAULT_SCOPES", "credentials"],
    ["AUTH_SCOPE_MAP", "read"],
    ["AUTH_SCOPE_MAP", "read="],
    ["AUTH_SCOPE_MAP", "=sessions"],
    ["AUTH_SCOPE_MAP", "read=credentials:read everything"],
    ["AUTH_SCOPE_MAP", "read=sessions;write=sessions"],
    ["AUTH_AUDIENCE_CLAIM", "aud,azp"],
    ["AUTH_AUDIENCE_OPTIONAL", "yes"],
    ["AUTH_TOKEN_TYPES", "at+jwt;jwt"],
  ])("%s=%s is a fault", (name, value) => {
    expect(faultsOf({ ...identityProvider, [name]: value })).toEqual([name]);
  });

  test("cannot be verified in both ways", () => {
    const variables = { ...identityProvider, AUTH_JWT_SECRET: requiredVariables.AUTH_JWT_SECRET };
    expect(faultsOf(variables)).toEqual(["AUTH_JWT_SECRET"]);
  });

  test("need published keys that nobody on the way can change", () => {
    expect(faultsOf({ ...identityProvider, AUTH_JWKS_URL: "http://login.example.com/jwks.json" })).toEqual([
      "AUTH_JWKS_URL",
    ]);
    const local = "http://127.0.0.1:8080/jwks.json";
    expect(load({ ...identityProvider, AUTH_JWKS_URL: local }).callerTokens).toMatchObject({ url: new URL(local) });
  });

  test("a wrong AUTH_JWKS_URL is one fault, not a missing secret as well", () => {
    expect(faultsOf({ ...identityProvider, NODE_ENV: "production", AUTH_JWKS_URL: "login" })).toEqual([
      "AUTH_JWKS_URL",
    ]);
  });

  test("need a secret of 32 bytes at least", () => {
    expect(faultsOf({ AUTH_JWT_SECRET: "x".repeat(31) })).toEqual(["AUTH_JWT_SECRET"]);
    expect(load({ AUTH_JWT_SECRET: "é".repeat(16) }).callerTokens.kind).toBe("secret");
  });
});
