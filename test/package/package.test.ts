import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authenticateMutation, credentialEventsSubscription, issueAccessMutation } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { TestClient } from "../support/test-client.ts";
import { InstalledPackage, run, type UserProcess } from "./installed-package.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const programs = join(root, "node_modules/.bin");

/**
 * Makes a Node say that it is an older one, to the program that it starts and not to the programs which that starts.
 */
const oldNode = `data:text/javascript,${encodeURIComponent(
  'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.0" } })',
)}`;

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await InstalledPackage.create();
});
afterAll(() => installed[Symbol.asyncDispose]());

async function clientOf(server: UserProcess): Promise<TestClient> {
  const port = await server.printed(/localhost:(\d+)/);
  return new TestClient(`http://127.0.0.1:${port}`, await server.printed(/(eyJ\S+)\s/));
}

async function grantedKey(client: TestClient): Promise<string | undefined> {
  const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: "anthropic" } });
  if (issueAccess.__typename !== "IssueAccessPayload") throw new Error(issueAccess.message);
  return issueAccess.grant.headers.find(({ name }) => name === "x-api-key")?.value;
}

test("the tarball has compiled code with types, migrations and the schema, and neither sources nor tests", async () => {
  const files = (await run("tar", ["tzf", installed.tarball], root)).trim().split("\n");
  const needed = ["dist/src/index.js", "dist/src/index.d.ts", "dist/src/bin.js", "schema.graphql", "README.md"];
  for (const file of [...needed, "docs/README.md", "docs/configuration.md"]) expect(files).toContain(`package/${file}`);
  expect(files.filter((file) => /dist\/migrations\/\d+-[\w-]+\.js$/.test(file)).length).toBeGreaterThanOrEqual(4);
  for (const file of ["landing.js", "landing.css", "graphiql-live-strip.js", "callback.js"])
    expect(files).toContain(`package/dist/src/http/pages/browser/${file}`);
  const code = /^package\/dist\/((src|migrations)\/.*\.(js|d\.ts)|src\/http\/pages\/browser\/[\w-]+\.css)$/;
  const texts = /^package\/(docs\/[\w/-]+\.md|[A-Z]+(\.md)?|package\.json|schema\.graphql)$/;
  expect(files.filter((file) => !code.test(file) && !texts.test(file))).toEqual([]);
});

test("publint and attw find nothing: an ES module for Node and for bundlers", async () => {
  const pkgDir = join(installed.folder, "node_modules/maestro-auth");
  expect((await publint({ pkgDir, pack: false, strict: true })).messages).toEqual([]);
  const flags = ["--profile", "esm-only", "--exclude-entrypoints", "schema.graphql", "--format", "ascii"];
  const types = await run(join(programs, "attw"), [installed.tarball, ...flags], root);
  expect(types).toContain("node16 (from ESM): 🟢");
});

test("npx maestro-auth serve does the main job, and goes on where a server from the sources left off", async () => {
  await using data = await temporaryFolder();
  await using provider = await startMockProvider("anthropic");
  const environment = { PORT: "0", DATA_DIR: data.path, ANTHROPIC_API_BASE_URL: provider.baseUrl };
  {
    await using server = installed.start("npx", ["maestro-auth", "serve"], environment);
    const client = await clientOf(server);
    await using events = await client.subscribeWebSocket(credentialEventsSubscription);
    const input = { provider: "anthropic", credential: { apiKey: provider.key } };
    const { authenticate } = await client.execute(authenticateMutation, { input });
    expect(authenticate.__typename).toBe("AuthenticatePayload");
    expect((await events.next()).data?.credentialEvents.__typename).toBe("CredentialStored");
    expect(await grantedKey(client)).toBe(provider.key);
  }
  {
    await using server = installed.start(process.execPath, [join(root, "src/main.ts")], environment);
    expect(await grantedKey(await clientOf(server))).toBe(provider.key);
    expect(server.output).toContain("schema is up to date");
  }
  await using server = installed.start("npx", ["maestro-auth", "serve"], environment);
  expect(await grantedKey(await clientOf(server))).toBe(provider.key);
  expect(server.output).toContain("schema is up to date");
});

test("a Node that is too old hands over to the one that was installed with it, and passes signals on", async () => {
  await using data = await temporaryFolder();
  const command = join(installed.folder, "node_modules/maestro-auth/dist/src/bin.js");
  const environment = { PORT: "0", DATA_DIR: data.path };
  await using server = installed.start(process.execPath, ["--import", oldNode, command, "serve"], environment);
  await clientOf(server);
  server.signal("SIGTERM");
  expect(await server.closed).toBe(0);
  expect(server.output).toMatch(/kept/);
});

test("a Node that is too old, with no other at hand, is told in one line what to do", async () => {
  await using elsewhere = await temporaryFolder();
  const command = join(elsewhere.path, "bin.mjs");
  await cp(join(installed.folder, "node_modules/maestro-auth/dist/src/bin.js"), command);
  await using program = installed.start(process.execPath, ["--import", oldNode, command, "serve"]);
  expect(await program.closed).toBe(1);
  expect(program.output).toMatch(/^maestro-auth needs Node 24 or later, and this is v[\d.]+\. Install it from .*\n$/);
});

test("the library embeds the server in another application, as the example does, and its types hold", async () => {
  await using data = await temporaryFolder();
  const program = join(installed.folder, "embed.ts");
  await cp(join(root, "test/examples/embed.ts"), program);
  await writeFile(
    join(installed.folder, "package.json"),
    '{ "type": "module", "dependencies": { "maestro-auth": "*" } }',
  );
  await using server = installed.start(process.execPath, [program], { PORT: "0", DATA_DIR: data.path });
  const port = await server.printed(/port: (\d+)/);
  const token = await server.printed(/token (eyJ\S+)/);
  expect(await (await fetch(`http://127.0.0.1:${port}/hello`)).text()).toBe("Hello from your application.\n");
  const client = new TestClient(`http://127.0.0.1:${port}`, token);
  const response = await client.post({ query: "{ viewer { userId } providers { name } }" });
  const { data: answer } = (await response.json()) as { data: { viewer: object; providers: { name: string }[] } };
  expect(answer.viewer).toEqual({ userId: "alice" });
  expect(answer.providers.map(({ name }) => name)).toContain("mistral");
  await using events = await client.subscribeWebSocket(credentialEventsSubscription);
  server.signal("SIGTERM");
  expect(await server.closed).toBe(0);
  expect(events).toBeDefined();

  const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  const compile = [
    "--noEmit",
    "--ignoreConfig",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--skipLibCheck",
  ];
  await run(join(programs, "tsc"), [...compile, ...types, program], installed.folder);
  const schema = join(installed.folder, "node_modules/maestro-auth/schema.graphql");
  expect(await readFile(schema, "utf8")).toBe(await readFile(join(root, "schema.graphql"), "utf8"));
});
