import { expect, test } from "vitest";
import type { Caller } from "../../src/callers/caller.ts";
import { HeldPlaces } from "../../src/http/held-places.ts";

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
  const [first, second] = [places.take(caller("alice")), places.take(caller("alice"))];
  expect(places.take(caller("alice"))).toBeNull();
  first!();
  first!();
  expect(places.take(caller("alice"))).not.toBeNull();
  expect(places.take(caller("alice"))).toBeNull();
  second!();
  expect(places.take(caller("alice"))).not.toBeNull();
});

test("a service has places of its own for each user that it acts for", () => {
  const places = new HeldPlaces(1);
  for (const one of [caller("alice"), caller("bob"), caller("alice", "service"), caller("bob", "service")]) {
    expect(places.take(one)).not.toBeNull();
    expect(places.take(one)).toBeNull();
  }
});
