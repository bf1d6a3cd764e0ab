import { expect, test } from "vitest";
import { TokenVerifier } from "../../../src/callers/token-verifier.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { runCommand } from "../../support/run-command.ts";

const secret = "a secret for tests of at least 32 bytes";
const environment = { AUTH_JWT_SECRET: secret, CREDENTIAL_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString("hex") };

const token = (...args: string[]) => runCommand(["token", ...args], environment);

test("`maestro-auth token` prints a token that the server accepts, for the user, scopes and time that were asked", async () => {
  const { code, output } = await token("--user", "alice", "--scope", "credentials:read users:act", "--lifetime", "2h");
  expect(code).toBe(0);
  const settings = { kind: "secret", secret: new Secret(secret), issuer: null, audience: null } as const;
  const verified = await new TokenVerifier(settings, systemClock).verify(output.trim());
  expect(verified.subject).toBe("alice");
  expect([...verified.scopes].toSorted()).toEqual(["credentials:read", "users:act"]);
  expect(verified.expiresAt.getTime() - Date.now()).toBeGreaterThan(7_100_000);
});

test("`maestro-auth token` prints a token of a login that has just taken place, by the means that were asked", async () => {
  const { output } = await token("--user", "alice", "--acr", "gold", "--amr", "pwd,mfa");
  const settings = { kind: "secret", secret: new Secret(secret), issuer: null, audience: null } as const;
  const { login } = await new TokenVerifier(settings, systemClock).verify(output.trim());
  expect(login).toMatchObject({ acr: "gold", amr: ["pwd", "mfa"] });
  expect(Math.abs(login.authTime!.getTime() - Date.now())).toBeLessThan(60_000);
});

test.each([
  [["--scope", "sessions"], /--user/],
  [["--user", "alice", "--scope", "everything"], /Unknown: everything/],
  [["--user", "alice", "--lifetime", "soon"], /30m, 12h or 7d/],
  [["--user", ""], /1 to 255/],
  [["--user", "a\u200bb"], /invisible/],
])("`maestro-auth token %j` says what is wrong", async (args, message) => {
  const { code, output } = await token(...args);
  expect(code).toBe(2);
  expect(output).toMatch(message);
});

test("`maestro-auth token --json` prints the token with what it allows", async () => {
  const { stdout } = await token("--user", "alice", "--scope", "sessions", "--lifetime", "1h", "--json");
  expect(JSON.parse(stdout)).toEqual({
    token: expect.stringMatching(/^eyJ/),
    user: "alice",
    scopes: ["sessions"],
    expiresAt: expect.stringMatching(/^20\d\d-/),
  });
});

test("where an identity provider issues the tokens, the server says so", async () => {
  const { code, output } = await runCommand(["token", "--user", "alice"], {
    CREDENTIAL_ENCRYPTION_KEY: environment.CREDENTIAL_ENCRYPTION_KEY,
    AUTH_JWKS_URL: "https://login.example.com/jwks.json",
    AUTH_ISSUER: "https://login.example.com/",
    AUTH_AUDIENCE: "maestro-auth",
  });
  expect(code).toBe(1);
  expect(output).toMatch(/identity provider issues the tokens/);
});
