import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "../../src/lib/secret.ts";

test("a secret shows itself to nobody who does not ask for it", () => {
  const secret = new Secret("sk-live-0123456789");
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }, { showHidden: true }),
    inspect(secret),
  ];
  for (const text of shown) expect(text).not.toContain("0123");
  expect(Object.keys(secret)).toEqual([]);
  expect(secret.reveal()).toBe("sk-live-0123456789");
});

test("the last four characters of a short secret are not told", () => {
  expect(new Secret("sk-live-0123456789").last4()).toBe("6789");
  expect(new Secret("short").last4()).toBe("****");
});
