import fc from "fast-check";
import { expect, test } from "vitest";
import { RedirectUris } from "../../../src/connect/oauth/redirect-uris.ts";
import { RedirectUriNotAllowedError } from "../../../src/errors/auth-error.ts";

const callback = "https://auth.example.com/auth/google/callback";
const loopback = "http://127.0.0.1/auth/callback";
const uris = new RedirectUris([callback, loopback]);

function isAllowed(uri: string): boolean {
  try {
    uris.assertAllowed(uri);
    return true;
  } catch (error) {
    if (error instanceof RedirectUriNotAllowedError) return false;
    throw error;
  }
}

test("a URI of the list is allowed, and of a loopback URI the port may vary", () => {
  for (const uri of [callback, loopback, "http://127.0.0.1:1/auth/callback", "http://127.0.0.1:65535/auth/callback"]) {
    expect(isAllowed(uri)).toBe(true);
  }
});

const near = [
  ["a prefix", callback.slice(0, -1)],
  ["a suffix", `${callback}x`],
  ["a slash more", `${callback}/`],
  ["a deeper path", `${callback}/x`],
  ["a query", `${callback}?x=1`],
  ["an empty query", `${callback}?`],
  ["a fragment", `${callback}#x`],
  ["an empty fragment", `${callback}#`],
  ["another case of the host", callback.replace("auth.example", "AUTH.example")],
  ["another case of the path", callback.replace("callback", "Callback")],
  ["another case of the scheme", callback.replace("https", "HTTPS")],
  ["another scheme", callback.replace("https", "http")],
  ["the default port", callback.replace(".com", ".com:443")],
  ["another port", callback.replace(".com", ".com:8443")],
  ["user-info", callback.replace("https://", "https://evil@")],
  ["user-info with a password", callback.replace("https://", "https://evil:x@")],
  ["the host as user-info", "https://auth.example.com@evil.example/auth/google/callback"],
  ["path traversal", callback.replace("/callback", "/../google/callback")],
  ["encoded traversal", callback.replace("/callback", "/%2e%2e/google/callback")],
  ["an encoded letter", callback.replace("callback", "%63allback")],
  ["a doubled slash", callback.replace("/auth/", "//auth/")],
  ["a backslash", callback.replace("/auth/", "\\auth\\")],
  ["a subdomain", callback.replace("auth.", "evil.auth.")],
  ["a longer host", callback.replace(".com", ".com.evil.example")],
  ["a trailing dot", callback.replace(".com", ".com.")],
  ["another provider's path", callback.replace("google", "openai")],
  ["a wildcard", callback.replace("google", "*")],
  ["white space before", ` ${callback}`],
  ["white space after", `${callback} `],
  ["a line break", `${callback}\n`],
  ["a tab inside", callback.replace("auth/g", "auth/\tg")],
  ["a NUL", `${callback}\0`],
  ["nothing", ""],
  ["no scheme", callback.slice("https:".length)],
  ["a script", "javascript:alert(1)"],
  ["a page of data", "data:text/html,x"],
  ["loopback by name", "http://localhost/auth/callback"],
  ["loopback by https", "https://127.0.0.1/auth/callback"],
  ["another loopback address", "http://127.0.0.2/auth/callback"],
  ["the IPv6 loopback, which is not listed", "http://[::1]/auth/callback"],
  ["loopback in another notation", "http://127.1/auth/callback"],
  ["loopback as a number", "http://2130706433/auth/callback"],
  ["loopback in hex", "http://0x7f000001/auth/callback"],
  ["loopback with another path", "http://127.0.0.1:8080/other"],
  ["loopback with a query", "http://127.0.0.1:8080/auth/callback?x=1"],
  ["loopback with a fragment", "http://127.0.0.1:8080/auth/callback#x"],
  ["loopback with user-info", "http://evil@127.0.0.1:8080/auth/callback"],
  ["loopback as a prefix of a host", "http://127.0.0.1.evil.example/auth/callback"],
  ["loopback with a port that is none", "http://127.0.0.1:65536/auth/callback"],
  ["loopback with an empty port", "http://127.0.0.1:/auth/callback"],
  ["loopback with a port of letters", "http://127.0.0.1:80a/auth/callback"],
  ["loopback with traversal", "http://127.0.0.1/x/../auth/callback"],
];

test.each(near)("%s is not allowed: %j", (_what, uri) => {
  expect(isAllowed(uri)).toBe(false);
});

test("no text but those is ever allowed, however near it is", () => {
  const edit = fc.record({
    base: fc.constantFrom(callback, loopback),
    at: fc.nat(60),
    remove: fc.nat(3),
    insert: fc.string({ maxLength: 4, unit: "binary" }),
  });
  fc.assert(
    fc.property(edit, ({ base, at, remove, insert }) => {
      const uri = base.slice(0, at) + insert + base.slice(at + remove);
      const isLoopbackWithPort = /^http:\/\/127\.0\.0\.1:\d{1,5}\/auth\/callback$/.test(uri);
      fc.pre(uri !== base && !isLoopbackWithPort);
      expect(isAllowed(uri)).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});
