import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { Turns } from "../../../src/http/graphql/turns.ts";

test("in one turn of the event loop only so many begin, in their order; the others follow in the next ones", async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const all = Array.from({ length: 5 }, async (_, index) => {
    await turns.take();
    begun.push(index);
  });
  const seen: number[] = [];
  while (begun.length < 5) {
    await Promise.resolve();
    seen.push(begun.length);
    await setImmediate();
  }
  await Promise.all(all);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect(seen).toEqual([2, 4]);
});

test("whoever comes later waits behind those who wait already, and a turn that is over counts no more", async () => {
  const turns = new Turns(1);
  const begun: string[] = [];
  const begin = async (name: string) => {
    await turns.take();
    begun.push(name);
  };
  const first = [begin("a"), begin("b"), begin("c")];
  await setImmediate();
  await Promise.all([...first, begin("d")]);
  expect(begun).toEqual(["a", "b", "c", "d"]);
  await setImmediate();
  await setImmediate();
  const alone = begin("e");
  await Promise.resolve();
  expect(begun.at(-1)).toBe("e");
  await alone;
});
