import type { Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UnreadWatch } from "../../../src/http/connections/unread-watch.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Watches a socket for ten seconds with a limit of one; `step` changes its numbers each tenth of a second. */
function stallsOf(step: (socket: { bytesWritten: number; writableLength: number }) => void): number {
  const socket = { bytesWritten: 1_000, writableLength: 500 };
  const onStall = vi.fn();
  using watch = new UnreadWatch(1_000);
  watch.watch(socket as Socket, onStall);
  for (let count = 0; count < 100; count++) {
    step(socket);
    vi.advanceTimersByTime(100);
  }
  return onStall.mock.calls.length;
}

test("a peer that takes nothing of what waits is told of once", () => {
  expect(stallsOf(() => {})).toBe(1);
});

test("what is added to what waits is no progress", () => {
  const more = (socket: { bytesWritten: number; writableLength: number }) => {
    socket.bytesWritten += 10;
    socket.writableLength += 10;
  };
  expect(stallsOf(more)).toBe(1);
});

test("a peer that takes a little now and then is left alone, however much waits", () => {
  expect(stallsOf((socket) => (socket.bytesWritten += 1))).toBe(0);
});

test("a peer for whom nothing waits is left alone", () => {
  expect(stallsOf((socket) => (socket.writableLength = 0))).toBe(0);
});

/** One that stands still. */
const still = () => ({ bytesWritten: 1_000, writableLength: 500 }) as Socket;

test("a socket whose watch has ended is not told of, and another's watch goes on", () => {
  using watch = new UnreadWatch(1_000);
  const [ended, other] = [vi.fn(), vi.fn()];
  const end = watch.watch(still(), ended);
  watch.watch(still(), other);
  end();
  vi.advanceTimersByTime(2_000);
  expect(ended).not.toHaveBeenCalled();
  expect(other).toHaveBeenCalledTimes(1);
});

test("the end of an earlier watch of the same socket does not end the later one", () => {
  using watch = new UnreadWatch(1_000);
  const socket = still();
  const [earlier, later] = [vi.fn(), vi.fn()];
  const end = watch.watch(socket, earlier);
  watch.watch(socket, later);
  end();
  vi.advanceTimersByTime(2_000);
  expect(earlier).not.toHaveBeenCalled();
  expect(later).toHaveBeenCalledTimes(1);
});

test("where nothing is watched there is no timer; the next watch starts one again", () => {
  using watch = new UnreadWatch(1_000);
  watch.watch(still(), vi.fn())();
  expect(vi.getTimerCount()).toBe(0);
  const onStall = vi.fn();
  watch.watch(still(), onStall);
  vi.advanceTimersByTime(2_000);
  expect(onStall).toHaveBeenCalledTimes(1);
});

test("at its end it forgets its sockets and stops its timer", () => {
  const watch = new UnreadWatch(1_000);
  const onStall = vi.fn();
  watch.watch(still(), onStall);
  watch[Symbol.dispose]();
  expect(vi.getTimerCount()).toBe(0);
  // What is left of them would be looked at again.
  watch.watch(still(), vi.fn());
  vi.advanceTimersByTime(2_000);
  expect(onStall).not.toHaveBeenCalled();
});

test("an answer that ends does not end the watch over another one on the same connection", () => {
  const socket = { bytesWritten: 1_000, writableLength: 500 } as Socket;
  const onStall = vi.fn();
  using watch = new UnreadWatch(1_000);
  watch.watch(socket, onStall);
  watch.watch(socket, () => {})();
  vi.advanceTimersByTime(3_000);
  expect(onStall).toHaveBeenCalledTimes(1);
});
