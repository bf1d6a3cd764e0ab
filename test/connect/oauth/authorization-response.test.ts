import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAuthorizationResponse, readPasted } from "../../../src/connect/oauth/authorization-response.ts";
import { ValidationError } from "../../../src/errors/auth-error.ts";

const state = randomBytes(32).toString("base64url");
const code = "4/0AbCd-Ef_gh.ij~kl";
const encoded = encodeURIComponent(code);
const callback = `https://app.example/auth/google/callback?state=${state}&code=${encoded}&scope=openid%20email`;
const expected = { code, state, error: null, issuer: null };

test.each([
  ["https://platform.example/callback?code=abc&state=xyz", { code: "abc", state: "xyz", error: null, issuer: null }],
  [
    "http://127.0.0.1:8080/auth/callback?state=xyz&code=a%2Bb&iss=https%3A%2F%2Fas.example",
    { code: "a+b", state: "xyz", error: null, issuer: "https://as.example" },
  ],
  [
    "  https://x.example/cb?error=access_denied&state=xyz \n",
    { code: null, state: "xyz", error: "access_denied", issuer: null },
  ],
  ["abc#xyz", { code: "abc", state: "xyz", error: null, issuer: null }],
  [" abc#xyz\n", { code: "abc", state: "xyz", error: null, issuer: null }],
])("%j is read", (pasted, response) => {
  expect(readPasted(pasted)).toEqual(response);
});

const half = Math.floor(callback.length / 2);
const both = `${code}#${state}`;
const nested = encodeURIComponent(callback);

const clinging: Record<string, string> = {
  "line breaks in the address": callback.replaceAll(/.{60}/g, "$&\n"),
  "line breaks and indents": `  ${callback.replaceAll(/.{40}/g, "$&\r\n    ")}`,
  "a break in the state": callback.replace(state, `${state.slice(0, 20)}\n${state.slice(20)}`),
  "a mail's quote marks": `> ${callback.slice(0, half)}\n> ${callback.slice(half)}`,
  "straight quotes": `"${callback}"`,
  "curly quotes": `“${callback}”`,
  backticks: `\`${callback}\``,
  "angle brackets": `<${callback}>`,
  "a link of Markdown": `[${callback}](${callback})`,
  "a link of Markdown with words": `Here: [my link](${callback}).`,
  "entities of HTML": callback.replaceAll("&", "&amp;"),
  "a full stop": `${callback}.`,
  "zero-width spaces": callback.replaceAll("/", "/\u200b"),
  "a byte order mark": `\ufeff${callback}`,
  "soft hyphens": callback.replaceAll("callback", "call\u00adback"),
  "spaces that do not break": `\u00a0${callback}\u00a0`,
  "words around it": `I was sent to ${callback} and it did not load`,
  "words before it, and lines after it": `Here is the address:\n${callback}\nThanks\nBob`,
  "words around an address in two lines": `It says ${callback.slice(0, half)}\n${callback.slice(half)} and stops`,
  "the same address twice": `${callback}\n${callback}`,
  "no scheme": callback.replace("https://", ""),
  "no host": callback.slice(callback.indexOf("/auth/")),
  "only its query": callback.slice(callback.indexOf("?")),
  "only its parameters": `code=${encoded}&state=${state}`,
  "its parameters in lines": `code=${encoded}\nstate=${state}`,
  "its parameters as a list": `code: ${code}\nstate: ${state}`,
  "its parameters as JSON": JSON.stringify({ code, state }),
  "its parameters in the fragment": callback.replace("?", "#"),
  "only a fragment": `#code=${encoded}&state=${state}`,
  "an empty fragment": `${callback}#`,
  "a fragment that some providers add": `${callback}#_=_`,
  "backslashes of a shell": callback.replaceAll(/[?&=]/g, "\\$&"),
  "an address that is encoded": nested,
  "an address in another one's parameter": `https://nam.safelinks.example/?url=${nested}&data=05%7C02`,
  "an address that is encoded twice": `https://mail.example/l?u=${encodeURIComponent(nested)}`,
  "code and state": both,
  "a break in code and state": `${code.slice(0, 8)}\n${code.slice(8)}#${state.slice(0, 9)}\n${state.slice(9)}`,
  "a break before the state": `${code}#\n${state}`,
  "code and state in quotes": `'${both}',`,
  "code and state among words": `The page shows ${both} now.`,
  "code and state in a line of their own": `Your code:\n${both}\nThanks`,
  "a broken code below words": `Paste this code:\n${code.slice(0, 8)}\n${code.slice(8)}#${state}`,
  "an encoded code": `${encoded}#${state}`,
  "an encoded separator": `${code}%23${state}`,
};

test.each(Object.entries(clinging))("one code and one state are read with %s", (_name, pasted) => {
  expect(readPasted(pasted)).toEqual(expected);
});

test("any code and state come out of any address, wherever lines break", () => {
  const anyCode = fc.stringMatching(/^[\w.~/+-]{1,80}$/);
  const breaks = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 5 });
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(anyCode, bytes, breaks, fc.boolean(), (anything, random, places, isAddress) => {
      const own = Buffer.from(random).toString("base64url");
      const query = new URLSearchParams({ code: anything, state: own }).toString();
      const text = isAddress ? `http://127.0.0.1:4000/auth/openai/callback?${query}` : `${anything}#${own}`;
      const pasted = text.replaceAll(/./g, (letter, at: number) => (places.includes(at) ? `\n${letter}` : letter));
      expect(readPasted(pasted)).toEqual({ code: anything, state: own, error: null, issuer: null });
    }),
  );
});

test.each([
  "",
  "abc",
  "#xyz",
  "abc#",
  "abc#xyz#more",
  "abc def#xyz",
  "https://x.example/cb",
  "https://x.example/cb?code=abc",
  "https://x.example/cb?state=xyz",
  "https://x.example/cb?code=&state=xyz",
  "https://x.example/cb?code=a&code=b&state=xyz",
  "https://x.example/cb?code=a&state=x&state=y",
  "https://x.example/cb?code=a&state=x&error=access_denied&error=y",
  "https://x.example/cb?code=a&state=x&iss=https%3A%2F%2Fa.example&iss=https%3A%2F%2Fb.example",
  "https://",
])("%j is refused as neither of the two forms", (pasted) => {
  expect(() => readPasted(pasted)).toThrow(ValidationError);
});

/** What the refusal says; empty where it is read. */
function refusalOf(pasted: string): string {
  try {
    readPasted(pasted);
    return "";
  } catch (error) {
    if (error instanceof ValidationError) return JSON.stringify([error.message, error.issues]);
    throw error;
  }
}

describe("what is ambiguous or cut short is refused in words that help", () => {
  const other = randomBytes(32).toString("base64url");
  test.each([
    ["two addresses", `${callback}\n${callback.replace(state, other)}`, "more than one sign-in"],
    ["two codes for one state", `${callback} or ${callback.replace("AbCd", "XyZw")}`, "more than one sign-in"],
    ["two codes with states", `${both} ${code}#${other}`, "more than one sign-in"],
    ["an address without its end", `https://app.example/cb?code=${encoded}`, "has a code and no state"],
    ["words", "I do not know what to paste", "neither a callback URL"],
  ])("%s", (_name, pasted, words) => expect(refusalOf(pasted)).toContain(words));
});

test("whatever is pasted is read or refused, and the refusal does not repeat it", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8, unit: "binary" }), (pasted) => {
      expect(refusalOf(pasted)).not.toContain(JSON.stringify(pasted).slice(1, -1));
    }),
  );
});

test("a parameter that is longer than any provider's is no answer", () => {
  expect(readAuthorizationResponse(new URLSearchParams({ code: "a".repeat(4_097), state: "x" }))).toBeNull();
});
