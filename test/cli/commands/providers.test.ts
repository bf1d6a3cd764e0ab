import { expect, test } from "vitest";
import { loadCatalog } from "../../../src/providers/registry.ts";
import { runCommand } from "../../support/run-command.ts";

const keys = { AUTH_JWT_SECRET: "a secret for tests of at least 32 bytes", CREDENTIAL_ENCRYPTION_KEY: "07".repeat(32) };

interface Listed {
  readonly name: string;
  readonly hasServerKey: boolean;
  readonly methods: readonly { readonly method: string; readonly available: boolean; readonly policy: string }[];
}

test("`maestro-auth providers` lists the whole catalogue, and why a method is not available", async () => {
  const { code, stdout } = await runCommand(["providers"], keys);
  expect(code).toBe(0);
  const [heading, ...lines] = stdout.trim().split("\n");
  expect(heading).toMatch(/^PROVIDER +METHOD +FLOWS +AVAILABLE +POLICY +WHY$/);
  for (const { name } of await loadCatalog()) expect(lines.some((line) => line.startsWith(`${name} `))).toBe(true);
  expect(stdout).toMatch(/^google +oauth +redirect loopback +no +supported +.*not set GOOGLE_OAUTH_CLIENT_ID/m);
  expect(stdout).not.toContain("\u001b[");
});

test("`maestro-auth providers --json` tells what the environment configures, and no secret of it", async () => {
  const { stdout } = await runCommand(["providers", "--json"], {
    ...keys,
    GOOGLE_OAUTH_CLIENT_ID: "client",
    GOOGLE_OAUTH_CLIENT_SECRET: "the-client-secret",
    GOOGLE_API_KEY: "the-servers-own-key",
  });
  const { providers } = JSON.parse(stdout) as { providers: Listed[] };
  const google = providers.find(({ name }) => name === "google")!;
  expect(google.hasServerKey).toBe(true);
  expect(google.methods.map(({ method, available }) => [method, available])).toEqual([
    ["oauth", true],
    ["api_key", true],
  ]);
  expect(providers.filter(({ hasServerKey }) => hasServerKey)).toHaveLength(1);
  expect(stdout).not.toMatch(/the-client-secret|the-servers-own-key/);
});

test("an unknown command, and an unknown option of a known one, end with 2 and say what is wrong", async () => {
  for (const [args, message] of [
    [["prowiders"], /unknown command 'prowiders'/],
    [["providers", "--jsn"], /unknown option '--jsn'/],
  ] as const) {
    const { code, stdout, stderr } = await runCommand(args, keys);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  }
});
