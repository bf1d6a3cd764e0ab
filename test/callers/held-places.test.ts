import { expect, test } from "vitest";
import type { Caller } from "../../src/callers/caller.ts";
import { HeldPlaces, holderOf } from "../../src/callers/held-places.ts";

const caller = (userId: string, actor = userId): Caller => ({
  userId,
  actor,
  scopes: new Set(),
  expiresAt: new Date(),
  ip: null,
  userAgent: null,
});

test("a place that is given back twice is one place", () => {
  const places = new HeldPlaces(2);
  const [first, second] = [places.take(holderOf(caller("alice"))), places.take(holderOf(caller("alice")))];
  expect(places.take(holderOf(caller("alice")))).toBeNull();
  first!();
  first!();
  expect(places.take(holderOf(caller("alice")))).not.toBeNull();
  expect(places.take(holderOf(caller("alice")))).toBeNull();
  second!();
  expect(places.take(holderOf(caller("alice")))).not.toBeNull();
});

test("a service has places of its own for each user that it acts for", () => {
  const places = new HeldPlaces(1);
  for (const one of [caller("alice"), caller("bob"), caller("alice", "service"), caller("bob", "service")]) {
    expect(places.take(holderOf(one))).not.toBeNull();
    expect(places.take(holderOf(one))).toBeNull();
  }
});

test("all holders together have a limit, and one may take several places at once", () => {
  const places = new HeldPlaces(5, 7);
  expect(places.take("a", 6)).toBeNull();
  const give = places.take("a", 5)!;
  expect(places.take("b", 3)).toBeNull();
  expect(places.take("b", 2)).not.toBeNull();
  give();
  give();
  expect([places.of("a"), places.of("b")]).toEqual([0, 2]);
  expect(places.take("c", 5)).not.toBeNull();
  expect(places.take("d")).toBeNull();
});
