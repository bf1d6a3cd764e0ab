import { setTimeout } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { KeyWatch } from "../../src/callers/key-watch.ts";
import { TokenExpiries } from "../../src/callers/token-expiries.ts";
import type { TokenVerifier } from "../../src/callers/token-verifier.ts";
import { systemClock } from "../../src/lib/clock.ts";

type Keys = ReadonlySet<string> | null;

/** A watch over one subscription that the key "a" has allowed, with what the identity provider says next. */
function startWatch(...answers: Keys[]) {
  const asked: Keys[] = [];
  const presentKeys = () => {
    const answer = answers[asked.length] ?? null;
    asked.push(answer);
    return Promise.resolve(answer);
  };
  const expiries = new TokenExpiries(systemClock);
  const item = { caller: { expiresAt: new Date(Date.now() + 3_600_000), signedBy: "a" }, expire: vi.fn() };
  expiries.add(item);
  const watch = new KeyWatch({ presentKeys } as unknown as TokenVerifier, expiries, 1);
  return { watch, expiries, item, asked };
}

test("while the keys cannot be read, what they have allowed goes on; what a withdrawn one has allowed ends", async () => {
  const { watch, item, asked } = startWatch(null, null, new Set(["a", "b"]), null, new Set(["b"]));
  await using _watch = watch;
  await expect.poll(() => item.expire.mock.calls.length).toBe(1);
  // Nothing is open any more, and so nobody asks again.
  expect(asked).toHaveLength(5);
});

test("where nothing is open nobody is asked", async () => {
  const { watch, expiries, item, asked } = startWatch();
  expiries.delete(item);
  await setTimeout(20);
  await watch[Symbol.asyncDispose]();
  expect(asked).toEqual([]);
});
