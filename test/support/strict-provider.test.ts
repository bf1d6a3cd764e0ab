import { describe, expect, test } from "vitest";
import { Secret } from "../../src/lib/secret.ts";
import { catalogEntry, createProvider } from "../providers/oauth/sign-in.ts";
import type { MintedTokens } from "./refresh-oracle.ts";
import { StrictProviderProcess } from "./strict-provider-process.ts";
import { StrictProvider } from "./strict-provider.ts";
import { clientId } from "./strict-provider/operator.ts";
import { outages } from "./strict-provider/outage.ts";

interface TokenAnswer {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

function post(url: string, body: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(url, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

function refresh({ baseUrl }: { readonly baseUrl: string }, { refreshToken }: MintedTokens, signal?: AbortSignal) {
  const body = { grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId };
  return post(`${baseUrl}/v1/oauth/token`, body, signal);
}

async function tokens(response: Response): Promise<TokenAnswer> {
  expect(response.status).toBe(200);
  return (await response.json()) as TokenAnswer;
}

describe("the oracle", () => {
  test("a second use counts as a reuse, and the newest token is dead then", async () => {
    await using provider = await StrictProvider.start();
    const minted = await provider.mint("alice");
    const newest = await tokens(await refresh(provider, minted));
    expect(await provider.isCurrent(newest.refresh_token)).toBe(true);
    const refused = await refresh(provider, minted);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: "invalid_grant" });
    expect(await provider.isCurrent(newest.refresh_token)).toBe(false);
    expect(provider).toMatchObject({ refreshes: 2, successes: 1, reuses: 1 });
  });

  test("of many uses at once one succeeds", async () => {
    await using provider = await StrictProvider.start();
    const minted = await provider.mint("alice");
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(provider, minted)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(provider).toMatchObject({ refreshes: 20, successes: 1, reuses: 1 });
  });

  test("within the grace a repeated token gets the very same answer", async () => {
    await using provider = await StrictProvider.start({ refreshGrace: 60, accessTokenLifetime: 7 });
    const minted = await provider.mint("alice");
    provider.down = outages.lost;
    await expect(refresh(provider, minted)).rejects.toThrow("fetch failed");
    provider.down = null;
    const [first, second] = [await refresh(provider, minted), await refresh(provider, minted)];
    const answer = await tokens(first);
    expect(answer.expires_in).toBe(7);
    expect(await tokens(second)).toEqual(answer);
    expect(provider).toMatchObject({ refreshes: 3, successes: 3, reuses: 0 });
  });

  test("nothing is written before afterRotation is done", async () => {
    await using provider = await StrictProvider.start();
    const minted = await provider.mint("alice");
    const [reached, mayAnswer] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
    provider.afterRotation = (token) => {
      reached.resolve(token);
      return mayAnswer.promise;
    };
    const answer = refresh(provider, minted);
    expect(await reached.promise).toBe(minted.refreshToken);
    expect(await provider.isCurrent(minted.refreshToken)).toBe(false);
    let answered = false;
    void answer.then(() => (answered = true));
    expect((await fetch(provider.baseUrl)).status).toBe(404);
    expect(answered).toBe(false);
    mayAnswer.resolve();
    await tokens(await answer);
  });
});

describe("outages", () => {
  test.each([
    ["refuse", outages.refuse, 503, null],
    ["rate limit", outages.rateLimit(7), 429, "7"],
    ["invalid client", outages.invalidClient, 401, null],
  ])("%s: an answer, and the token is not used", async (_name, outage, status, retryAfter) => {
    await using provider = await StrictProvider.start();
    const minted = await provider.mint("alice");
    provider.down = outage;
    const response = await refresh(provider, minted);
    expect([response.status, response.headers.get("retry-after")]).toEqual([status, retryAfter]);
    expect(await provider.isCurrent(minted.refreshToken)).toBe(true);
    provider.down = null;
    await tokens(await refresh(provider, minted));
    expect(provider).toMatchObject({ refreshes: 2, successes: 1, reuses: 0 });
  });

  test("hang: requests stay in flight until their callers hang up", async () => {
    await using provider = await StrictProvider.start();
    provider.down = outages.hang;
    const caller = new AbortController();
    const minted = await provider.mint("alice");
    const all = Promise.allSettled([1, 2, 3].map(() => refresh(provider, minted, caller.signal)));
    await expect.poll(() => provider.inFlight).toBe(3);
    caller.abort();
    await all;
    await expect.poll(() => provider.inFlight).toBe(0);
    expect(provider.maxInFlight).toBe(3);
    expect(await provider.isCurrent(minted.refreshToken)).toBe(true);
  });

  test("slow: the right answer, late", async () => {
    await using provider = await StrictProvider.start();
    provider.down = outages.slow(50);
    const minted = await provider.mint("alice");
    const begin = performance.now();
    await tokens(await refresh(provider, minted));
    // Timers may fire a millisecond early.
    expect(performance.now() - begin).toBeGreaterThan(48);
  });

  test("slow: the rotation comes also for a caller that does not wait", async () => {
    await using provider = await StrictProvider.start();
    provider.down = outages.slow(200);
    const minted = await provider.mint("alice");
    const [rotated, caller] = [Promise.withResolvers<string>(), new AbortController()];
    provider.afterRotation = rotated.resolve;
    const answer = Promise.allSettled([refresh(provider, minted, caller.signal)]);
    await expect.poll(() => provider.refreshes, { interval: 5 }).toBe(1);
    caller.abort();
    await answer;
    expect(await rotated.promise).toBe(minted.refreshToken);
  });

  test("arrivals are by this process's clock", async () => {
    await using provider = await StrictProvider.start();
    const begin = performance.now();
    await refresh(provider, await provider.mint("alice"));
    await refresh(provider, await provider.mint("bob"));
    const [first, second] = provider.arrivals;
    const end = performance.now();
    expect([begin, first, second, end].toSorted((a, b) => a! - b!)).toEqual([begin, first, second, end]);
  });
});

test.each([
  ["a wrong client", { grant_type: "refresh_token", client_id: "somebody" }, 401, "invalid_client"],
  ["another grant", { grant_type: "password", client_id: clientId }, 400, "unsupported_grant_type"],
  ["no token", { grant_type: "refresh_token", client_id: clientId }, 400, "invalid_request"],
])("%s is refused", async (_name, body, status, error) => {
  await using provider = await StrictProvider.start();
  const response = await post(`${provider.baseUrl}/v1/oauth/token`, body);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error });
});

test("forms are taken too", async () => {
  await using provider = await StrictProvider.start();
  const { refreshToken } = await provider.mint("alice");
  const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId });
  const answer = await tokens(await fetch(`${provider.baseUrl}/v1/oauth/token`, { method: "POST", body }));
  expect(await provider.isCurrent(answer.refresh_token)).toBe(true);
});

test("a provider of the catalogue checks, refreshes and revokes there", async () => {
  await using strict = await StrictProvider.start();
  const provider = createProvider(await catalogEntry("anthropic"), strict.environment("anthropic"));
  const { accessToken, refreshToken } = await strict.mint("alice");
  const minted = {
    method: "oauth" as const,
    accessToken: new Secret(accessToken),
    refreshToken: new Secret(refreshToken),
    expiresAt: null,
    scopes: [],
    account: null,
  };
  const unknown = { ...minted, accessToken: new Secret("no such token") };
  await provider.validateCredentials(minted);
  await expect(provider.validateCredentials(unknown)).rejects.toMatchObject({ code: "INVALID_CREDENTIAL" });
  const refreshed = await provider.refreshCredentials(minted);
  expect(refreshed).toMatchObject({ account: { id: "account-of-alice", email: "alice@example.test" } });
  await provider.validateCredentials(refreshed);
  expect(await provider.revokeCredentials(refreshed)).toBe(true);
  await expect(provider.validateCredentials(refreshed)).rejects.toMatchObject({ code: "INVALID_CREDENTIAL" });
  expect(strict).toMatchObject({ refreshes: 1, successes: 1, reuses: 0 });
});

test("in a process of its own it mints, counts, tells what is current, and fails as told", async () => {
  await using provider = await StrictProviderProcess.start({ accessTokenLifetime: 60 });
  const users = Array.from({ length: 1000 }, (_, index) => `user-${index}`);
  const [first, second, ...rest] = await provider.mintAll(users);
  expect(rest).toHaveLength(998);
  expect(first!.expiresIn).toBe(60);

  const begin = performance.now();
  const refreshed = await tokens(await refresh(provider, first!));
  await refresh(provider, first!);
  await provider.setDown(outages.refuse);
  expect((await refresh(provider, second!)).status).toBe(503);
  await provider.setDown(null);
  await refresh(provider, await provider.mint("alice"));
  expect(await provider.isCurrent(second!.refreshToken)).toBe(true);
  expect(await provider.areCurrent([refreshed.refresh_token, second!.refreshToken])).toEqual([false, true]);

  const { arrivals, ...counts } = await provider.state();
  const end = performance.now();
  expect(counts).toEqual({ refreshes: 4, successes: 2, reuses: 1, inFlight: 0, maxInFlight: 1 });
  expect(arrivals).toHaveLength(4);
  // Two processes measure the time since 1970 a little differently.
  for (const at of arrivals) expect([at > begin - 1_000, at < end + 1_000]).toEqual([true, true]);
});
