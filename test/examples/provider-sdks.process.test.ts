import { afterAll, beforeAll, expect, test } from "vitest";
import {
  authenticateMutation,
  credentialsQuery,
  importCredentialMutation,
  issueAccessMutation,
  revokeCredentialMutation,
} from "../client/operations.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../support/authorization-server.ts";
import { type MockProvider, startMockProvider } from "../support/mock-provider.ts";
import { runProgram, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { fillDataFolder } from "../support/test-database.ts";

const vendors = ["openai", "anthropic"] as const;
type Vendor = (typeof vendors)[number];

/** Twice what the vendor's models say: whole, and streamed. */
const greetings = "Hello there.\nHello there.";

const stack = new AsyncDisposableStack();
const apis = {} as Record<Vendor, MockProvider>;
const authorizationServers = {} as Record<Vendor, AuthorizationServer>;
/** Access tokens that an API refuses, though they have not expired. */
const rejected = new Set<string>();
let server: ServerProcess;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder());
  await fillDataFolder(folder.path);
  // Two examples report a token of the same credential within seconds.
  let environment: Record<string, string> = { DATA_DIR: folder.path, RATE_LIMITS: "rejected-credential=off" };
  for (const vendor of vendors) {
    const authorizationServer = stack.use(await startAuthorizationServer(vendor));
    const has = (token: string) => !token.startsWith("sk-") && !rejected.has(token);
    const api = stack.use(await startMockProvider(vendor, { accessTokens: { has } }));
    const apiVariable = `${vendor.toUpperCase()}_API_BASE_URL`;
    environment = { ...environment, ...authorizationServer.environment(vendor), [apiVariable]: api.baseUrl };
    apis[vendor] = api;
    authorizationServers[vendor] = authorizationServer;
  }
  server = stack.use(await ServerProcess.start(environment));
});
afterAll(() => stack.disposeAsync());

async function importTokens(vendor: Vendor): Promise<void> {
  const { accessToken, refreshToken, expiresIn } = await authorizationServers[vendor].oracle.mint("developer");
  const expiresAt = new Date(Date.now() + expiresIn * 1000).toISOString();
  const input = { provider: vendor, accessToken, refreshToken, expiresAt };
  const { importCredential } = await server.client().execute(importCredentialMutation, { input });
  expect(importCredential.__typename).toBe("ImportCredentialPayload");
}

async function currentToken(vendor: Vendor): Promise<string> {
  const { issueAccess } = await server.client().execute(issueAccessMutation, { input: { provider: vendor } });
  if (issueAccess.__typename !== "IssueAccessPayload") throw new Error(issueAccess.message);
  const { value } = issueAccess.grant.headers.find(({ name }) => name === "authorization")!;
  return value.replace("Bearer ", "");
}

function run(example: string, vendor: Vendor) {
  const variables = { MAESTRO_URL: `${server.baseUrl}/graphql`, TOKEN: server.token, PROVIDER: vendor };
  return runProgram(`test/examples/${example}.ts`, [], variables);
}

const examples = [
  ["openai", "openai"],
  ["anthropic", "anthropic"],
  ["ai-sdk", "openai"],
  ["ai-sdk", "anthropic"],
] as const;

test.each(examples)(
  "%s.ts at %s: a rejected token is reported once, renewed once, and the call goes on",
  async (example, vendor) => {
    await importTokens(vendor);
    const old = await currentToken(vendor);
    rejected.add(old);
    const { successes } = authorizationServers[vendor].oracle;
    const before = apis[vendor].requests.length;

    const { code, output } = await run(example, vendor);
    expect(output.trim()).toBe(greetings);
    expect(code).toBe(0);

    const renewed = await currentToken(vendor);
    expect(renewed).not.toBe(old);
    expect(authorizationServers[vendor].oracle).toMatchObject({ successes: successes + 1, reuses: 0 });
    const used = apis[vendor].requests.slice(before).filter(({ method }) => method === "POST");
    // The first call with the old token and again with the new one, the second with the new one; nothing of the SDK's
    // own.
    expect(used.map(({ headers }) => headers.authorization)).toEqual(
      [old, renewed, renewed].map((token) => `Bearer ${token}`),
    );
    expect(used.every(({ headers }) => headers["x-api-key"] === undefined)).toBe(true);
  },
);

test.each(examples)(
  "%s.ts at %s: a key that the provider no longer takes ends in words that say what to do",
  async (example, vendor) => {
    const client = server.client();
    const { viewer } = await client.execute(credentialsQuery, { provider: vendor });
    for (const { id } of viewer.credentials.nodes)
      await client.execute(revokeCredentialMutation, { input: { credentialId: id } });
    const api = apis[vendor];
    api.validKeys.add(api.key);
    const input = { provider: vendor, credential: { apiKey: api.key } };
    await client.execute(authenticateMutation, { input });
    expect((await run(example, vendor)).output.trim()).toBe(greetings);

    api.validKeys.delete(api.key);
    const { code, output } = await run(example, vendor);
    expect(output).toContain('no longer accepts the credential "default". Connect it again');
    expect(output).not.toContain(api.key);
    expect(code).toBe(1);
  },
);
