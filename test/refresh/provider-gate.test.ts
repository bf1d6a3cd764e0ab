import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { InvalidCredentialError, type ProviderFailure, ProviderUnavailableError } from "../../src/errors/auth-error.ts";
import type { ProviderAuth } from "../../src/providers/provider-auth.ts";
import { ProviderGate } from "../../src/refresh/provider-gate.ts";
import { ProviderGates } from "../../src/refresh/provider-gates.ts";
import { patience } from "../support/patience.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

const outage = () => Promise.reject(new ProviderUnavailableError("Acme did not answer."));

function newGate(maxInFlight = 2): ProviderGate {
  return new ProviderGate("Acme", { maxInFlight });
}

/** One refresh: what is done before it is sent, and the call. */
function run<T>(gate: ProviderGate, send: () => Promise<T>, user = "alice"): Promise<T> {
  return gate.admit(user, () => gate.call(user, send));
}

let users = 0;

/** So many refreshes fail, each of another user. */
async function fail(gate: ProviderGate, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    await expect(run(gate, outage, `user-${users++}`)).rejects.toThrow("Acme did not answer.");
  }
}

const failing = (failure: ProviderFailure) => () =>
  Promise.reject(new ProviderUnavailableError("Acme said no.", { failure }));

/** Each of these users' refreshes fails once, in turn. */
async function failFor(gate: ProviderGate, failure: ProviderFailure, users: readonly string[]): Promise<void> {
  for (const user of users) await expect(run(gate, failing(failure), user)).rejects.toThrow("Acme said no.");
}

const succeed = (gate: ProviderGate, user: string) => run(gate, () => Promise.resolve(), user);

test("so many calls are in flight at once; the others wait for their turn", async () => {
  using gate = newGate(2);
  const ends = [1, 2, 3].map(() => Promise.withResolvers<number>());
  const started: number[] = [];
  const runs = ends.map(({ promise }, index) =>
    run(
      gate,
      () => {
        started.push(index);
        return promise;
      },
      `user-${index}`,
    ),
  );
  await vi.waitFor(() => expect(started).toEqual([0, 1]), patience);
  expect(gate.free).toBe(0);
  ends[1]!.resolve(7);
  expect(await runs[1]).toBe(7);
  await vi.waitFor(() => expect(started).toEqual([0, 1, 2]), patience);
  ends[0]!.resolve(5);
  ends[2]!.resolve(6);
  expect(await Promise.all(runs)).toEqual([5, 7, 6]);
  expect(gate.free).toBe(2);
});

test("where too many wait, the next one is told to come again", async () => {
  using gate = newGate(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting = Array.from({ length: 10_001 }, (_, index) => run(gate, () => promise, `user-${index}`));
  await expect(run(gate, () => promise)).rejects.toMatchObject({ code: "PROVIDER_UNAVAILABLE", retryAfter: 5 });
  resolve();
  await Promise.all(waiting);
});

test("after three failures in a row nothing is tried for five seconds, and callers hear how long", async () => {
  using gate = newGate();
  await fail(gate, 2);
  expect(gate.free).toBe(2);
  await fail(gate, 1);
  expect(gate.free).toBe(0);
  const call = vi.fn(() => Promise.resolve());
  await expect(run(gate, call)).rejects.toMatchObject({
    code: "PROVIDER_UNAVAILABLE",
    retryAfter: 5,
    message: "Acme has not answered the last requests. Try again in 5 s.",
  });
  vi.advanceTimersByTime(4_000);
  expect(gate.free).toBe(0);
  await expect(run(gate, call)).rejects.toMatchObject({ retryAfter: 1 });
  expect(call).not.toHaveBeenCalled();
});

test("work that makes no call tells nothing of the provider", async () => {
  using gate = newGate();
  const nothing = () => gate.admit("alice", () => Promise.resolve(null));
  await fail(gate, 2);
  await nothing();
  await fail(gate, 1);
  expect(gate.free).toBe(0);
  await expect(nothing()).rejects.toThrow("has not answered the last requests");
  vi.advanceTimersByTime(5_000);
  await nothing();
  expect(gate.free).toBe(1);
  await fail(gate, 1);
  expect(gate.free).toBe(0);
});

test("failures that are not in a row, and refusals, do not stop anything", async () => {
  using gate = newGate();
  for (let round = 0; round < 3; round++) {
    await fail(gate, 2);
    await run(gate, () => Promise.resolve());
  }
  for (let count = 0; count < 5; count++) {
    const refusal = new InvalidCredentialError("Acme no longer accepts this sign-in.");
    await expect(run(gate, () => Promise.reject(refusal))).rejects.toBe(refusal);
  }
  expect(gate.free).toBe(2);
});

test("then there is one try every five seconds, and a success ends it", async () => {
  using gate = newGate();
  await fail(gate, 3);
  for (let round = 0; round < 3; round++) {
    vi.advanceTimersByTime(5_000);
    expect(gate.free).toBe(1);
    await fail(gate, 1);
    expect(gate.free).toBe(0);
    vi.advanceTimersByTime(4_999);
    await expect(run(gate, outage)).rejects.toThrow("has not answered the last requests");
  }
  vi.advanceTimersByTime(5_000);
  expect(await run(gate, () => Promise.resolve("back"))).toBe("back");
  expect(gate.free).toBe(2);
});

test("while that try is under way there is no other", async () => {
  using gate = newGate();
  await fail(gate, 3);
  vi.advanceTimersByTime(5_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  const call = vi.fn(() => promise);
  const probe = run(gate, call);
  await vi.waitFor(() => expect(call).toHaveBeenCalledTimes(1), patience);
  expect(gate.free).toBe(0);
  await expect(run(gate, call)).rejects.toThrow("has not answered the last requests");
  expect(call).toHaveBeenCalledTimes(1);
  resolve();
  await probe;
  expect(gate.free).toBe(2);
});

const refused = "Acme refused this server's own OAuth client.";

test("a client that is refused for three users in a row is not shown to the provider for five minutes, and all hear why", async () => {
  using gate = newGate();
  expect(["alice", "alice", "bob"].map((user) => gate.clientRefused(user, refused))).toEqual([false, false, false]);
  expect(gate.free).toBe(2);
  expect(gate.clientRefused("carol", refused)).toBe(true);
  gate.clientRefused("dave", "A second reason changes nothing.");
  const call = vi.fn(() => Promise.resolve());
  expect(gate.free).toBe(0);
  await expect(run(gate, call)).rejects.toMatchObject({
    code: "PROVIDER_UNAVAILABLE",
    message: "Acme refused this server's own OAuth client. Try again in 300 s.",
    retryAfter: 300,
  });
  vi.advanceTimersByTime(299_999);
  await expect(run(gate, call)).rejects.toThrow("Acme refused");
  expect(call).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  await run(gate, call);
  expect(call).toHaveBeenCalledTimes(1);
  expect(gate.free).toBe(2);
});

test("a success in between shows that the client is good", async () => {
  using gate = newGate();
  gate.clientRefused("alice", refused);
  gate.clientRefused("bob", refused);
  await succeed(gate, "carol");
  expect(["dave", "erin"].map((user) => gate.clientRefused(user, refused))).toEqual([false, false]);
  expect(gate.free).toBe(2);
});

test.each(["declined", "hindered", "misconfigured", "withheld"] as const)(
  "%s refreshes of any number of users do not tell that the provider is down",
  async (failure) => {
    using gate = newGate();
    await failFor(gate, failure, ["alice", "bob", "carol", "dave", "alice", "alice", "alice"]);
    expect(gate.free).toBe(2);
  },
);

test("one user who gets too many requests is alone with it; three users in a row are not", async () => {
  using gate = newGate();
  await failFor(gate, "limited", ["alice", "alice", "alice", "alice", "bob", "alice", "bob"]);
  expect(gate.free).toBe(2);
  await failFor(gate, "limited", ["carol"]);
  expect(gate.free).toBe(0);
  // The one try has to succeed, whoever's it is.
  vi.advanceTimersByTime(5_000);
  await failFor(gate, "limited", ["alice"]);
  expect(gate.free).toBe(0);
});

test.each(["refused", "unknown"] as const)(
  "one user's %s refreshes stop nobody, however many there are, and whether or not others are answered",
  async (failure) => {
    using gate = newGate();
    const often = Array.from({ length: 20 }, () => "alice");
    await failFor(gate, failure, often);
    expect(gate.free).toBe(2);
    await succeed(gate, "bob");
    await succeed(gate, "alice");
    await failFor(gate, failure, often);
    await failFor(gate, failure, ["bob", "alice"]);
    expect(gate.free).toBe(2);
    await failFor(gate, failure, ["carol"]);
    expect(gate.free).toBe(0);
  },
);

test("a user has a quarter of the room; the rest of his refreshes wait, and those of others do not", async () => {
  using gate = newGate(16);
  const { promise, resolve } = Promise.withResolvers<void>();
  const started: string[] = [];
  const begin = (user: string) =>
    run(
      gate,
      () => {
        started.push(user);
        return promise;
      },
      user,
    );
  const all = Array.from({ length: 20 }, () => begin("alice"));
  await vi.waitFor(() => expect(started).toHaveLength(4), patience);
  expect(gate.free).toBe(12);
  expect(gate.busyUsers).toEqual(["alice", "alice", "alice", "alice"]);
  all.push(begin("bob"));
  await vi.waitFor(() => expect(started).toHaveLength(5), patience);
  expect(gate.busyUsers.toSorted()).toEqual(["alice", "alice", "alice", "alice", "bob"]);
  resolve();
  await Promise.all(all);
  expect(started).toHaveLength(21);
  expect(gate.busyUsers).toEqual([]);
});

test("where too many refreshes of one user wait, he alone is told to come again", async () => {
  using gate = newGate(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting = Array.from({ length: 101 }, () => run(gate, () => promise));
  await expect(run(gate, () => promise)).rejects.toMatchObject({ code: "PROVIDER_UNAVAILABLE", retryAfter: 5 });
  waiting.push(run(gate, () => promise, "bob"));
  resolve();
  await Promise.all(waiting);
});

const pause = (gate: ProviderGate) => ["alice", "bob", "carol"].map((user) => gate.clientRefused(user, refused));

test("a gate that is closed leaves no timer behind, paused or not", () => {
  {
    using paused = newGate();
    using _open = newGate();
    pause(paused);
    expect(vi.getTimerCount()).toBe(1);
  }
  expect(vi.getTimerCount()).toBe(0);
});

test("the gates of a process are closed together", () => {
  {
    using gates = new ProviderGates({ maxInFlight: 2 });
    for (const name of ["acme", "umbrella"]) pause(gates.of({ name, displayName: name } as ProviderAuth));
    expect(vi.getTimerCount()).toBe(2);
  }
  expect(vi.getTimerCount()).toBe(0);
});
