import fc from "fast-check";
import { expect, test } from "vitest";
import { startCallbackStage } from "./callback-stage.ts";

const titles = ["Connected", "Not connected", "This link has ended", "One step left"];

/** As an attacker would write it: broken escapes, any visible character, none that ends the request's first line. */
const rawText = fc
  .array(
    fc.oneof(
      fc.constantFrom("%", "%zz", "%ff", "%00", "%0d%0a", "%3c/script%3e", "%e2%80%a8", "+", "=", ";", "'", "..", "/"),
      fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code).replace(/["#<>\\^`{|}]/, "%22")),
      fc.string({ unit: "binary", maxLength: 8 }).map((text) => encodeURIComponent(text.toWellFormed())),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(""));

test("whatever comes to the callback without the cookie is answered with a page, and changes nothing", async () => {
  await using stage = await startCallbackStage({ RATE_LIMITS: "unknown-callback-ip=off" });
  const flow = await stage.begin("alice");
  const other = await stage.begin("bob");
  const names = fc.oneof(fc.constantFrom("state", "code", "error", "iss", "error_description", "STATE", "a"), rawText);
  const values = fc.oneof(rawText, fc.constantFrom(flow.state!, other.state!, "access_denied", "server_error"));
  const parameters = fc.array(fc.tuple(names, values), { maxLength: 6 });
  const good = fc.constantFrom<[string, string][]>([], [["state", flow.state!]], [["code", "x"]]);
  const path = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("google", "anthropic", "constructor", "x".repeat(300)) },
    { weight: 1, arbitrary: fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/) },
  );
  const name = flow.cookie.split("=", 1)[0];
  const cookie = fc.oneof(
    fc.constantFrom(`${name}=`, name!, `${name}=;;`, `; ${name}==`, `${name}=${other.cookie.split("=")[1]}`, "="),
    fc.stringMatching(/^[\x20-\x7e]{0,60}$/).map((text) => `${name}=${text}`),
  );
  const before = await stage.rows();
  await fc.assert(
    fc.asyncProperty(path, good, parameters, cookie, async (provider, known, more, sent) => {
      const query = [...known, ...more].map((pair) => pair.join("=")).join("&");
      const page = await stage.visit(`/auth/${provider}/callback?${query}`, { cookie: sent });
      expect([200, 400]).toContain(page.status);
      expect(titles).toContain(page.title);
      expect(page.html.match(/<script/gi)).toHaveLength(2);
      expect(page.headers["set-cookie"]).toBeUndefined();
    }),
    { numRuns: 300 },
  );
  expect(await stage.rows()).toEqual(before);
  expect(await stage.credentialsOf("alice")).toEqual([]);
  expect(stage.exchanges()).toBe(0);
  expect(stage.server.logs).toEqual([]);
  expect(await stage.complete("alice", await stage.decide(flow))).toBe("COMPLETED");
});
