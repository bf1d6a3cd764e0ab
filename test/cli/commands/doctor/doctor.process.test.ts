import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ServerProcess } from "../../../support/server-process.ts";
import { commandStage } from "../../command-stage.ts";
import { examine, randomKey } from "./doctor-stage.ts";

test("a clock that differs from the database's is told: a little as a warning, much as a failure", async ({ skip }) => {
  await using stage = await commandStage({ CREDENTIAL_ENCRYPTION_KEY: randomKey() });
  if (stage.environment["DATABASE_URL"] === undefined) skip("the embedded database has no clock of its own");
  const imports = [fileURLToPath(new URL("../../../refresh/processes/shifted-clock.ts", import.meta.url))];
  for (const [shift, status, cause] of [
    ["5000", "warn", /clock is 5\.\d s ahead of/],
    ["-60000", "fail", /clock is (59|60)\.\d s behind/],
  ] as const) {
    const { found } = await examine(stage, { CLOCK_SHIFT_MS: shift }, (args, options) =>
      stage.runAsProcess(args, { ...options, imports }),
    );
    expect(found.get("clock")).toMatchObject({ status, cause: expect.stringMatching(cause) });
  }
});

/** Gives answers on only when they are whole, as a proxy does whose buffering is on. */
async function bufferingProxy(upstream: string): Promise<AsyncDisposable & { readonly url: string }> {
  const stopped = new AbortController();
  const proxy = createServer((request, response) => {
    const headers = Object.fromEntries(
      ["accept", "authorization", "content-type"].flatMap((name) =>
        request.headers[name] === undefined ? [] : [[name, String(request.headers[name])]],
      ),
    );
    const forward = async () => {
      const body = request.method === "POST" ? await new Response(request as never).text() : null;
      const answer = await fetch(`${upstream}${request.url}`, {
        method: request.method!,
        headers,
        body,
        signal: stopped.signal,
      });
      const type = answer.headers.get("content-type") ?? "text/plain";
      response.writeHead(answer.status, { "content-type": type }).end(await answer.text());
    };
    forward().catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      stopped.abort();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

test("beside a running server, event streams are followed through whatever stands before it, and a buffering proxy is found", async () => {
  await using stage = await commandStage({ CREDENTIAL_ENCRYPTION_KEY: randomKey() });
  await using server = await ServerProcess.start({ ...stage.environment, NODE_ENV: "development" });
  const PORT = new URL(server.baseUrl).port;
  const direct = await examine(stage, { PORT });
  expect(direct.code).toBe(0);
  expect(direct.found.get("port")).toEqual({ status: "ok", detail: `Maestro Auth answers at 127.0.0.1:${PORT}` });
  expect(direct.found.get("streaming")).toMatchObject({ status: "ok" });
  // PostgreSQL is looked at beside the server, the embedded database is the server's alone.
  const connection =
    stage.environment["DATABASE_URL"] === undefined ? /in use by another process/ : /connected to PostgreSQL/;
  expect(direct.found.get("connection")?.detail).toMatch(connection);

  await using proxy = await bufferingProxy(server.baseUrl);
  const buffered = await examine(stage, { PORT, PUBLIC_URL: proxy.url });
  expect(buffered.code).toBe(1);
  expect(buffered.found.get("streaming")).toMatchObject({
    status: "fail",
    cause: expect.stringContaining("a proxy before the server holds it back"),
    cure: expect.stringContaining("proxy_buffering off"),
  });
  const stranger = await examine(stage, { PORT, AUTH_JWT_SECRET: "another secret of at least 32 bytes, surely" });
  expect(stranger.found.get("streaming")).toMatchObject({ status: "fail", cause: expect.stringContaining("HTTP 401") });
});
