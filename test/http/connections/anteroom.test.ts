import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Anteroom } from "../../../src/http/connections/anteroom.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function create(limits: { perNetwork: number; inAll: number }) {
  const evicted: string[] = [];
  const room = new Anteroom<{ readonly name: string }>(limits, ({ name }, limit) =>
    evicted.push(`${name} by ${limit}`),
  );
  const enter = (name: string, network: string) => {
    const item = { name };
    room.enter(item, network);
    vi.advanceTimersByTime(1);
    return item;
  };
  return { room, evicted, enter };
}

test("the oldest of a network that has too many makes room, and nobody else's", () => {
  const { room, evicted, enter } = create({ perNetwork: 2, inAll: 100 });
  for (const name of ["a1", "a2"]) enter(name, "a");
  for (const name of ["b1", "b2"]) enter(name, "b");
  vi.advanceTimersByTime(1_000);
  enter("a3", "a");
  enter("a4", "a");
  expect(evicted).toEqual(["a1 by 2", "a2 by 2"]);
  expect(room.count).toBe(4);
});

test("those that came within the last second are left alone, as long as there is room for all", () => {
  const { room, evicted, enter } = create({ perNetwork: 2, inAll: 5 });
  for (const name of ["a1", "a2", "a3", "a4"]) enter(name, "a");
  expect([evicted, room.count]).toEqual([[], 4]);
  enter("b1", "b");
  enter("b2", "b");
  expect([evicted, room.count]).toEqual([["a1 by 5"], 5]);
});

test("with too many of all networks the largest one makes room, whoever comes", () => {
  const { evicted, enter } = create({ perNetwork: 10, inAll: 4 });
  enter("b1", "b");
  for (const name of ["a1", "a2", "a3"]) enter(name, "a");
  enter("c1", "c");
  enter("b2", "b");
  expect(evicted).toEqual(["a1 by 4", "a2 by 4"]);
});

test("who leaves holds no place, and may leave twice", () => {
  const { room, evicted, enter } = create({ perNetwork: 1, inAll: 1 });
  const first = enter("a1", "a");
  room.leave(first);
  room.leave(first);
  vi.advanceTimersByTime(2_000);
  enter("a2", "a");
  expect([evicted, room.count]).toEqual([[], 1]);
});

test("one that lets its only one go may still come in", () => {
  const { room, evicted, enter } = create({ perNetwork: 1, inAll: 1 });
  enter("a1", "a");
  const second = enter("a2", "a");
  expect(evicted).toEqual(["a1 by 1"]);
  room.leave(second);
  expect(room.count).toBe(0);
});
