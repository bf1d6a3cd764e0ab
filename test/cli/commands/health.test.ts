import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { runCommand } from "../../support/run-command.ts";

/** A server that answers every path with a status of its own. */
async function serverThatAnswers(statuses: Readonly<Record<string, number>>) {
  const server = createServer((request, response) => {
    response.writeHead(statuses[request.url ?? ""] ?? 404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port: String(port), [Symbol.asyncDispose]: async () => void server.close() };
}

test("health ends with 0 while the server lives, and --ready while it can serve; otherwise it says why", async () => {
  await using server = await serverThatAnswers({ "/health": 200, "/ready": 503 });
  const run = (args: readonly string[], PORT: string) => runCommand(["health", ...args], { PORT });
  const [lives, ready, nobody, mistaken] = await Promise.all([
    run(["--json"], server.port),
    run(["--ready"], server.port),
    run([], "1"),
    run([], "http"),
  ]);
  expect(lives).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(lives.stdout)).toEqual({ url: `http://127.0.0.1:${server.port}/health`, healthy: true });
  expect(ready).toMatchObject({ code: 1, stderr: expect.stringContaining("/ready answered 503.") });
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining("No server responds at") });
  expect(mistaken).toMatchObject({ code: 1, stderr: expect.stringContaining("PORT: expected a whole number") });
});
