import { connect } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "../authorization-server.ts";

interface TokenAnswer {
  readonly access_token: string;
  readonly refresh_token: string;
}

function refresh({ issuer, clientId }: AuthorizationServer, refreshToken: string, signal?: AbortSignal) {
  return fetch(`${issuer}/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId }),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function tokens(response: Response): Promise<TokenAnswer> {
  expect(response.status).toBe(200);
  return (await response.json()) as TokenAnswer;
}

function counts({ oracle: { refreshes, successes, reuses } }: AuthorizationServer) {
  return { refreshes, successes, reuses };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("without a grace", () => {
  test("each refresh makes the next token the current one", async () => {
    await using server = await startAuthorizationServer("anthropic", { accessTokenLifetime: 60 });
    const minted = await server.oracle.mint("alice");
    expect(minted.expiresIn).toBe(60);
    expect(await server.oracle.isCurrent(minted.refreshToken)).toBe(true);

    const first = await tokens(await refresh(server, minted.refreshToken));
    expect(await server.oracle.isCurrent(minted.refreshToken)).toBe(false);
    expect(await server.oracle.isCurrent(first.refresh_token)).toBe(true);
    await tokens(await refresh(server, first.refresh_token));
    expect(counts(server)).toEqual({ refreshes: 2, successes: 2, reuses: 0 });
  });

  test("a second use is a reuse and ends the family, and no other", async () => {
    await using server = await startAuthorizationServer("anthropic");
    const [minted, other] = [await server.oracle.mint("alice"), await server.oracle.mint("alice")];
    const newest = await tokens(await refresh(server, minted.refreshToken));

    const refused = await refresh(server, minted.refreshToken);
    expect(await refused.json()).toMatchObject({ error: "invalid_grant" });
    expect(await server.oracle.isCurrent(newest.refresh_token)).toBe(false);
    expect((await refresh(server, newest.refresh_token)).status).toBe(400);
    expect(counts(server)).toEqual({ refreshes: 3, successes: 1, reuses: 1 });
    expect(await server.oracle.isCurrent(other.refreshToken)).toBe(true);
  });

  test("of many uses at once one succeeds", async () => {
    await using server = await startAuthorizationServer("anthropic");
    const { refreshToken } = await server.oracle.mint("alice");
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(server, refreshToken)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(counts(server)).toEqual({ refreshes: 20, successes: 1, reuses: 1 });
  });

  test("a token that never was, and a revoked one, are no reuses", async () => {
    await using server = await startAuthorizationServer("anthropic");
    const { refreshToken } = await server.oracle.mint("alice");
    await fetch(`${server.issuer}/token/revocation`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: refreshToken, client_id: server.clientId }),
    });
    expect(await server.oracle.isCurrent(refreshToken)).toBe(false);
    expect(await server.oracle.isCurrent("no such token")).toBe(false);
    expect((await refresh(server, refreshToken)).status).toBe(400);
    expect((await refresh(server, "no such token")).status).toBe(400);
    expect(counts(server)).toEqual({ refreshes: 2, successes: 0, reuses: 0 });
  });

  test("a caller that dies after the rotation was served, and its token is used up", async () => {
    await using server = await startAuthorizationServer("anthropic");
    const { refreshToken } = await server.oracle.mint("alice");
    const [reached, caller] = [Promise.withResolvers<string>(), new AbortController()];
    const mayAnswer = Promise.withResolvers<void>();
    server.oracle.afterRotation = (token) => {
      reached.resolve(token);
      return mayAnswer.promise;
    };
    const answer = refresh(server, refreshToken, caller.signal);
    expect(await reached.promise).toBe(refreshToken);
    expect(await server.oracle.isCurrent(refreshToken)).toBe(false);
    caller.abort();
    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
    mayAnswer.resolve();
    expect(counts(server)).toEqual({ refreshes: 1, successes: 1, reuses: 0 });
  });
});

describe("with a grace", () => {
  test("a repeated token gets the very same answer again, also when the first was lost", async () => {
    await using server = await startAuthorizationServer("anthropic", { refreshGrace: 60 });
    const { refreshToken } = await server.oracle.mint("alice");
    server.next("/token", { kind: "lost" });
    await expect(refresh(server, refreshToken)).rejects.toThrow("fetch failed");
    const repeats = await Promise.all([1, 2].map(async () => tokens(await refresh(server, refreshToken))));
    expect(repeats[0]).toEqual(repeats[1]);
    expect(await server.oracle.isCurrent(repeats[0]!.refresh_token)).toBe(true);
    expect(counts(server)).toEqual({ refreshes: 3, successes: 3, reuses: 0 });
  });

  test("a caller that hung up before the rotation gets its answer when it asks again", async () => {
    await using server = await startAuthorizationServer("anthropic", { refreshGrace: 60 });
    const { refreshToken } = await server.oracle.mint("alice");
    const rotated = Promise.withResolvers<void>();
    server.oracle.afterRotation = () => rotated.resolve();
    const body = JSON.stringify({
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      client_id: server.clientId,
    });
    const { hostname, port } = new URL(server.issuer);
    const socket = connect(Number(port), hostname);
    socket.end(
      [
        "POST /token HTTP/1.1",
        `Host: ${hostname}:${port}`,
        "Content-Type: application/json",
        `Content-Length: ${Buffer.byteLength(body)}`,
        "",
        body,
      ].join("\r\n"),
      () => socket.resetAndDestroy(),
    );
    await rotated.promise;
    const answer = await tokens(await refresh(server, refreshToken));
    expect(await server.oracle.isCurrent(answer.refresh_token)).toBe(true);
    expect(counts(server)).toEqual({ refreshes: 2, successes: 2, reuses: 0 });
  });

  test("many uses at once, while the first waits for its answer, have one answer", async () => {
    await using server = await startAuthorizationServer("openai", { refreshGrace: 60 });
    const { refreshToken } = await server.oracle.mint("alice");
    const body = { grant_type: "refresh_token", refresh_token: refreshToken, client_id: server.clientId };
    const mayAnswer = Promise.withResolvers<void>();
    server.oracle.afterRotation = () => mayAnswer.promise;
    const send = () =>
      fetch(`${server.issuer}/token`, { method: "POST", body: new URLSearchParams(body) }).then(tokens);
    const all = Array.from({ length: 5 }, send);
    const beforeTheFirst = await Promise.race(all);
    mayAnswer.resolve();
    expect(new Set((await Promise.all(all)).map((answer) => answer.refresh_token))).toEqual(
      new Set([beforeTheFirst.refresh_token]),
    );
    expect(counts(server)).toEqual({ refreshes: 5, successes: 5, reuses: 0 });
  });

  test("it is a reuse once what the answer brought was used", async () => {
    await using server = await startAuthorizationServer("anthropic", { refreshGrace: 60 });
    const { refreshToken } = await server.oracle.mint("alice");
    const first = await tokens(await refresh(server, refreshToken));
    const second = await tokens(await refresh(server, first.refresh_token));
    expect((await refresh(server, refreshToken)).status).toBe(400);
    expect(await server.oracle.isCurrent(second.refresh_token)).toBe(false);
    expect(counts(server)).toEqual({ refreshes: 3, successes: 2, reuses: 1 });
  });

  test("it is a reuse when the grace is over", async () => {
    await using server = await startAuthorizationServer("anthropic", { refreshGrace: 60 });
    const { refreshToken } = await server.oracle.mint("alice");
    await tokens(await refresh(server, refreshToken));
    vi.useFakeTimers({ now: Date.now() + 61_000, toFake: ["Date"] });
    expect((await refresh(server, refreshToken)).status).toBe(400);
    expect(server.oracle.reuses).toBe(1);
  });
});

test("a server whose refresh tokens are for many uses has no reuses", async () => {
  await using server = await startAuthorizationServer("google");
  const { refreshToken } = await server.oracle.mint("alice");
  const body = {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: server.clientId,
    client_secret: server.clientSecret ?? "",
  };
  for (let use = 0; use < 2; use++) {
    await tokens(await fetch(`${server.issuer}/token`, { method: "POST", body: new URLSearchParams(body) }));
  }
  expect(await server.oracle.isCurrent(refreshToken)).toBe(true);
  expect(counts(server)).toEqual({ refreshes: 2, successes: 2, reuses: 0 });
});
