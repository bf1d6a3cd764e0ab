import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { credentialEventsSubscription, viewerQuery } from "../client/operations.ts";
import { connectKey, setSessionStage } from "../sessions/session-stage.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { TestClient } from "../support/test-client.ts";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** An nginx with nothing but these locations: what a plain configuration has, buffering included. */
async function startNginx(locations: string): Promise<{ readonly baseUrl: string } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const file = join(folder.path, "nginx.conf");
  await writeFile(
    file,
    `daemon off; master_process off; pid ${folder.path}/pid; error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path ${folder.path}/body; proxy_temp_path ${folder.path}/proxy; fastcgi_temp_path ${folder.path}/f;
  uwsgi_temp_path ${folder.path}/u; scgi_temp_path ${folder.path}/s;
  server { listen 127.0.0.1:${port}; ${locations} }
}
`,
  );
  const nginx: ChildProcess = spawn("/usr/sbin/nginx", ["-c", file, "-p", folder.path], { stdio: "ignore" });
  const baseUrl = `http://127.0.0.1:${port}`;
  await expect.poll(async () => (await fetch(baseUrl).catch(() => null)) !== null).toBe(true);
  return {
    baseUrl,
    async [Symbol.asyncDispose]() {
      const ended = once(nginx, "exit");
      nginx.kill("SIGTERM");
      await ended;
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("events reach a client over SSE through an nginx that buffers, as it does unless it is told not to", async () => {
  await using stage = await setSessionStage({});
  await using proxy = await startNginx(`location / { proxy_pass ${stage.baseUrl}; }`);
  const direct = await stage.client("alice");
  const client = new TestClient(proxy.baseUrl, await stage.token("alice"));
  await using stream = await client.subscribeSse(credentialEventsSubscription, {});
  await connectKey(direct, stage);
  expect(await stream.next()).toMatchObject({ data: { credentialEvents: { __typename: "CredentialStored" } } });
});

test.each([
  ["removes the prefix", (to: string) => `location /auth/ { proxy_pass ${to}/; }`],
  ["passes the prefix on", (to: string) => `location /auth/ { proxy_pass ${to}; }`],
])("below a path, behind an nginx that %s, the API and every link of the page answer", async (_name, location) => {
  await using stage = await setSessionStage({ environment: { PUBLIC_URL: "http://127.0.0.1:4999/auth" } });
  await using proxy = await startNginx(location(stage.baseUrl));
  const client = new TestClient(`${proxy.baseUrl}/auth`, await stage.token("alice"));
  expect((await client.execute(viewerQuery)).viewer).toBeTruthy();
  const accept = { accept: "text/html" };
  const page = await (await fetch(`${proxy.baseUrl}/auth/`, { headers: accept })).text();
  const links = Array.from(page.matchAll(/<a href="(\/[^"]*)"/g), ([, href]) => href!);
  expect(links).not.toEqual([]);
  for (const href of links) expect((await fetch(`${proxy.baseUrl}${href}`, { headers: accept })).status).toBe(200);
});
