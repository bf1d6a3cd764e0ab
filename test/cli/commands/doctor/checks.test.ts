import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { checkSpace, checkWritable } from "../../../../src/cli/commands/doctor/data-folder.ts";
import { checkDevelopmentToken } from "../../../../src/cli/commands/doctor/development-token.ts";
import { checkKeyStrength } from "../../../../src/cli/commands/doctor/encryption.ts";
import { checkNode } from "../../../../src/cli/commands/doctor/node.ts";
import { checkProvider } from "../../../../src/cli/commands/doctor/provider.ts";
import { checkProxy } from "../../../../src/cli/commands/doctor/proxy.ts";
import { checkRedirectUris } from "../../../../src/cli/commands/doctor/redirects.ts";
import { systemClock } from "../../../../src/lib/clock.ts";
import { HttpClient } from "../../../../src/providers/http-client.ts";
import { createRegistry } from "../../../../src/providers/registry.ts";
import { startMockProvider } from "../../../support/mock-provider.ts";
import type { Answer } from "../../../support/mock-provider/answer.ts";
import { answering, refusals } from "../../../support/mock-provider/refusals.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { catalog, load, type Variables } from "../../../support/test-config.ts";

const run = promisify(execFile);

test("a Node that is too old is told by its version", () => {
  expect(checkNode("22.18.0")).toMatchObject({ status: "fail", cause: expect.stringContaining("24.0") });
  expect(checkNode("24.0.0").status).toBe("ok");
});

test.each([
  ["repeats itself", Buffer.alloc(32, "abcd")],
  ["counts up or down", Buffer.from(Array.from({ length: 32 }, (_, index) => 3 * index))],
  ["is text that somebody typed", Buffer.from("The quick brown fox jumps over a")],
])("a key that %s is weak", (weakness, key) => {
  const config = load({ CREDENTIAL_ENCRYPTION_KEY: key.toString("base64") });
  expect(checkKeyStrength(config)).toMatchObject({ status: "fail", cause: expect.stringContaining(weakness) });
});

test("a folder that is a file cannot be written", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "file");
  await writeFile(file, "");
  expect(await checkWritable(file)).toMatchObject({ status: "fail", cause: expect.stringContaining("is a file") });
  expect((await checkWritable(folder.path)).status).toBe("ok");
});

test("a disk with little space left is a warning, one with none a failure", async ({ skip }) => {
  await using folder = await temporaryFolder();
  for (const [size, status] of [
    ["200m", "warn"],
    ["2m", "fail"],
  ] as const) {
    const mounted = await run("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder.path]).catch(() => null);
    if (mounted === null) skip("this user may not mount a file system");
    try {
      expect(await checkSpace(folder.path)).toMatchObject({ status, cause: expect.stringMatching(/has \d+ MiB left/) });
    } finally {
      await run("umount", [folder.path]);
    }
  }
});

async function withRegistry<T>(
  variables: Variables,
  look: (parts: { config: ReturnType<typeof load>; registry: ReturnType<typeof createRegistry> }) => T,
): Promise<Awaited<T>> {
  await using http = new HttpClient();
  const config = load(variables);
  return await look({ config, registry: createRegistry(catalog, config.providers, { http, clock: systemClock }) });
}

const googleClient = { GOOGLE_OAUTH_CLIENT_ID: "client", GOOGLE_OAUTH_CLIENT_SECRET: "secret" };

test.each([
  [{ PUBLIC_URL: "http://auth.example.com" }, "fail", /in the clear/],
  [{ NODE_ENV: "production" }, "warn", /only this machine can reach/],
  [
    { ...googleClient, OAUTH_REDIRECT_URIS: "https://app.example.com/done" },
    "warn",
    /does not have http:\/\/localhost:4000\/auth\/google\/callback/,
  ],
  [{ ...googleClient, PUBLIC_URL: "https://auth.example.com" }, "ok", /^$/],
] as const)("redirect URIs with %j: %s", async (variables, status, cause) => {
  const finding = await withRegistry(variables, ({ config, registry }) => checkRedirectUris(config, registry));
  expect(finding.status).toBe(status);
  expect("cause" in finding ? finding.cause : "").toMatch(cause);
});

test.each([
  [{}, "skip"],
  [{ PUBLIC_URL: "https://auth.example.com" }, "warn"],
  [{ PUBLIC_URL: "https://auth.example.com", TRUSTED_PROXY_HOPS: "1" }, "ok"],
])("with %j the proxy is a matter of %s", (variables, status) => {
  expect(checkProxy(load(variables)).status).toBe(status);
});

test.each([
  [{}, "ok", /only browsers on this machine/],
  [{ DEVELOPMENT_TOKEN: "nobody" }, "ok", /pages have none/],
  [{ HOST: "0.0.0.0" }, "warn", /^HOST is 0\.0\.0\.0, .*carry no token/],
  [{ HOST: "0.0.0.0", DEVELOPMENT_TOKEN: "local" }, "warn", /carry a token for browsers on this machine/],
  [{ PUBLIC_URL: "https://tunnel.example.com" }, "warn", /^PUBLIC_URL is on tunnel\.example\.com, /],
  [{ DEVELOPMENT_TOKEN: "anyone" }, "warn", /whoever opens a page/],
  [{ NODE_ENV: "production", HOST: "0.0.0.0" }, "skip", /in production, pages have no token/],
] as const)("with %j the pages' token is a matter of %s", (variables, status, text) => {
  const finding = checkDevelopmentToken(load(variables));
  expect(finding.status).toBe(status);
  expect("cause" in finding ? finding.cause : finding.detail).toMatch(text);
});

test("what keeps a provider from being reached is told apart: its name, its certificate, its silence at the port", async () => {
  const plain = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("this is not TLS");
  }).listen(0, "127.0.0.1");
  await once(plain, "listening");
  const { port } = plain.address() as { port: number };
  for (const [url, cause] of [
    ["https://api.invalid", /cannot be (?:looked up|reached)/],
    [`https://127.0.0.1:${port}`, /certificate of 127\.0\.0\.1:\d+ is not trusted \(ERR_SSL/],
    ["https://127.0.0.1:1", /cannot be reached \(ECONNREFUSED\)/],
  ] as const) {
    const finding = await withRegistry({ OPENAI_API_BASE_URL: url }, ({ config, registry }) =>
      checkProvider(registry.get("openai"), config),
    );
    expect(finding).toMatchObject({ status: "fail", cause: expect.stringMatching(cause) });
  }
  plain.close();
});

type Said = [name: string, answer: Answer, cause: RegExp, cure: RegExp];

const page = "<!doctype html><html><body>Please log in</body></html>";

test.each<Said>([
  [
    "a path that does not exist",
    { status: 404, body: { error: { type: "invalid_request_error" } } },
    /status 404: invalid_request_error: there is no such path/,
    /has to end before the path/,
  ],
  ["a page that does not exist", { status: 404, body: page }, /status 404: there is no such path/, /has to end before/],
  ["a login page", { status: 200, body: page }, /status 200, and not as the vendor would/, /login page/],
  [
    "a list for whoever asks",
    { status: 200, body: { data: [] } },
    /accepts a key that was invented/,
    /would take any key/,
  ],
  ["a redirect", { status: 302, body: "" }, /status 302: it redirects/, /redirects to/],
  ["an outage", { status: 503, body: "" }, /status 503: it is out of order/, /status page/],
  [
    "the vendor's region",
    refusals.openai.region,
    /unsupported_country_region_territory: calls from this machine/,
    /region/,
  ],
  [
    "a gateway's own refusal",
    { status: 401, body: { error: { code: "no_such_tenant" } } },
    /status 401: no_such_tenant, which is not/,
    /gateway/,
  ],
  ["an account's trouble", refusals.openai.noQuota, /accepts a key that was invented/, /would take any key/],
])("the provider check tells what answers an invented key: %s", async (_name, answer, cause, cure) => {
  await using api = await startMockProvider("openai");
  api.always(answering(answer));
  const finding = await withRegistry({ OPENAI_API_BASE_URL: api.baseUrl }, ({ config, registry }) =>
    checkProvider(registry.get("openai"), config),
  );
  expect(finding).toMatchObject({
    status: "fail",
    cause: expect.stringMatching(cause),
    cure: expect.stringMatching(cure),
  });
  expect(finding).toMatchObject({ cure: expect.stringContaining("OPENAI_API_BASE_URL") });
});

test.each(["anthropic", "openai", "google"] as const)(
  "the provider check is content with the refusal that %s documents",
  async (kind) => {
    await using api = await startMockProvider(kind);
    const variable = `${kind.toUpperCase()}_API_BASE_URL`;
    const finding = await withRegistry({ [variable]: api.baseUrl }, ({ config, registry }) =>
      checkProvider(registry.get(kind), config),
    );
    expect(finding).toMatchObject({
      status: "ok",
      detail: expect.stringMatching(/^an invented key is refused as documented/),
    });
    expect(api.requests).toHaveLength(1);
  },
);
