import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkStreaming } from "../../../../src/cli/commands/doctor/streaming.ts";
import { load } from "../../../support/test-config.ts";
import { commandStage } from "../../command-stage.ts";
import type { Found } from "./doctor-stage.ts";

const issuedElsewhere = {
  AUTH_JWKS_URL: "https://login.example.com/jwks.json",
  AUTH_ISSUER: "https://login.example.com",
  AUTH_AUDIENCE: "maestro-auth",
  AUTH_JWT_SECRET: "",
};
const token = "a-token-of-the-identity-provider";

/** A server that takes one token, as far as the doctor's look at event streams goes. */
async function startServer(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(({ url, headers }, response) => {
    if (url === "/health") response.end(JSON.stringify({ status: "ok" }));
    else if (headers.authorization === `Bearer ${token}`) response.end(":\n\n");
    else response.writeHead(401).end("{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("where an identity provider issues the tokens, streams are tried with the given one alone", async () => {
  await using server = await startServer();
  const config = load({ ...issuedElsewhere, PUBLIC_URL: server.url });
  expect(await checkStreaming(config, null)).toMatchObject({
    status: "skip",
    detail: expect.stringContaining("--token-file"),
  });
  expect(await checkStreaming(config, token)).toMatchObject({ status: "ok" });
  const refused = await checkStreaming(config, "another-token");
  expect(refused).toMatchObject({
    status: "fail",
    cause: expect.stringMatching(/refuses the token \(HTTP 401\)/),
    cure: expect.stringContaining("--token-file"),
  });
  expect(JSON.stringify(refused)).not.toContain("another-token");
});

test("the token is read from a file or from stdin, with or without its scheme, and is never printed", async () => {
  await using server = await startServer();
  await using stage = await commandStage({ ...issuedElsewhere, PUBLIC_URL: server.url, PORT: "4000" });
  const file = join(stage.folder, "token.txt");
  await writeFile(file, `bearer ${token}\n`);
  for (const [source, options] of [
    [file, {}],
    ["-", { input: token }],
  ] as const) {
    const { stdout, output } = await stage.run(["doctor", "--json", "--token-file", source], options);
    const { checks } = JSON.parse(stdout) as { checks: ({ check: string } & Found)[] };
    expect(checks.find(({ check }) => check === "streaming")).toMatchObject({ status: "ok" });
    expect(output).not.toContain(token);
  }
});

test("a file that cannot be read is told with its cure, and nothing is looked at", async () => {
  await using stage = await commandStage();
  const { code, stdout, stderr } = await stage.run(["doctor", "--token-file", join(stage.folder, "nothing.txt")]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(
    /--token-file cannot be read \(ENOENT\)\.\nName a file with a caller's token, or - for stdin\./,
  );
});
