import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readPastedSecret } from "../../src/lib/pasted-text.ts";

const keyCharacter = fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".split(""));

/** Keys in the form of those that vendors hand out, and of tokens (RFC 6750, section 2.1). */
const key = fc
  .tuple(
    fc.constantFrom("sk-", "sk-ant-api03-", "sk-proj-", "sk-or-v1-", "AIzaSy", "AQ.", "gsk_", "xai-", "hf_", "eyJ", ""),
    fc.array(keyCharacter, { minLength: 16, maxLength: 160 }),
    fc.constantFrom("", "", "=", "==", ".a-b_c", "/x+y~z"),
  )
  .map(([prefix, characters, end]) => prefix + characters.join("") + end);

const wrappings: Record<string, (secret: string) => string> = {
  "straight quotes": (secret) => `"${secret}"`,
  apostrophes: (secret) => `'${secret}'`,
  backticks: (secret) => `\`${secret}\``,
  "curly quotes": (secret) => `“${secret}”`,
  "German quotes": (secret) => `„${secret}“`,
  guillemets: (secret) => `«${secret}»`,
  "one quote that was copied with it": (secret) => `${secret}"`,
  "angle brackets": (secret) => `<${secret}>`,
  "a code block": (secret) => `\`\`\`bash\n${secret}\n\`\`\``,
  "bold letters of Markdown": (secret) => `**${secret}**`,
  Bearer: (secret) => `Bearer ${secret}`,
  "bearer in small letters": (secret) => `bearer  ${secret}`,
  "an Authorization header": (secret) => `Authorization: Bearer ${secret}`,
  "an x-api-key header": (secret) => `x-api-key: ${secret}`,
  "a header without a space": (secret) => `x-goog-api-key:${secret}`,
  "curl's option": (secret) => `-H "x-api-key: ${secret}"`,
  "a command for curl": (secret) =>
    `curl https://api.openai.com/v1/models \\\n  -H "Authorization: Bearer ${secret}" \\\n  -H "accept: */*"`,
  "several headers": (secret) => `x-api-key: ${secret}\nanthropic-version: 2023-06-01\ncontent-type: application/json`,
  "a variable": (secret) => `KEY=${secret}`,
  "a variable of some service": (secret) => `OPENAI_API_KEY=${secret}`,
  "a shell's export": (secret) => `export OPENAI_API_KEY="${secret}"`,
  "PowerShell's variable": (secret) => `$env:OPENAI_API_KEY = "${secret}"`,
  "Windows' set": (secret) => `set OPENAI_API_KEY=${secret}`,
  "Windows' setx": (secret) => `setx OPENAI_API_KEY "${secret}"`,
  "a line of a program": (secret) => `const apiKey = '${secret}';`,
  "a keyword argument": (secret) => `api_key="${secret}",`,
  "a line of YAML": (secret) => `api_key: ${secret}`,
  "a JSON object": (secret) => JSON.stringify({ apiKey: secret }),
  "a JSON object of several members": (secret) => JSON.stringify({ name: "work", api_key: secret, id: 7 }, null, 2),
  "a nested JSON object": (secret) => JSON.stringify({ openai: { type: "api", key: secret } }),
  "a line of a JSON object": (secret) => `  "apiKey": "${secret}",`,
  "words before a colon": (secret) => `Here is my API key: ${secret}`,
  "a full stop after a quote": (secret) => `"${secret}".`,
  "spaces and line breaks around": (secret) => ` \r\n\t${secret} \n\n`,
  "spaces of other kinds around": (secret) => `\u00a0\u3000${secret}\u202f`,
  "a byte order mark": (secret) => `\ufeff${secret}`,
  "zero-width spaces inside": (secret) => secret.replaceAll(/.{7}/g, "$&\u200b"),
  "soft hyphens inside": (secret) => secret.replaceAll(/.{9}/g, "$&\u00ad"),
  "word joiners and direction marks": (secret) => `\u2066${secret.replaceAll(/.{5}/g, "$&\u2060")}\u2069\u200f`,
  "line breaks inside": (secret) => secret.replaceAll(/.{11}/g, "$&\n"),
  "line breaks and indents inside": (secret) => `  ${secret.replaceAll(/.{13}/g, "$&\r\n    ")}`,
  "a shell's line continuation": (secret) => secret.replaceAll(/.{20}/g, "$&\\\n"),
  "the same twice": (secret) => `${secret}\n${secret}\n`,
  "full-width letters": (secret) =>
    secret.replaceAll(/[!-~]/g, (letter) => String.fromCodePoint(letter.codePointAt(0)! + 0xfee0)),
  "hyphens that do not break": (secret) => secret.replaceAll("-", "\u2011"),
  "a bracketed paste": (secret) => `\u001b[200~${secret}\u001b[201~`,
  "colours of a terminal": (secret) => `\u001b[32m${secret}\u001b[0m`,
  "several of them": (secret) => `export ANTHROPIC_API_KEY=“Bearer ${secret}”;\u200b\n`,
};

test.each(Object.entries(wrappings))("any key comes out of %s as it is", (_name, wrap) => {
  fc.assert(
    fc.property(key, (secret) => {
      expect(readPastedSecret(wrap(secret))).toEqual({ secret });
    }),
  );
});

test("any key comes out of any two wrappings, one in the other", () => {
  const layers = [
    "straight quotes",
    "curly quotes",
    "Bearer",
    "a variable",
    "angle brackets",
    "spaces and line breaks around",
  ];
  const layer = fc.constantFrom(...layers);
  fc.assert(
    fc.property(key, layer, layer, (secret, inner, outer) => {
      expect(readPastedSecret(wrappings[outer]!(wrappings[inner]!(secret)))).toEqual({ secret });
    }),
  );
});

test("a text of nothing but a key's characters is never changed", () => {
  const characters = fc.constantFrom(..."ABCXYZabcxyz0189-_.~+/:@$%&*!?^|".split(""));
  const bare = fc
    .array(characters, { minLength: 1, maxLength: 200 })
    .map((parts) => `k${parts.join("")}0`)
    .filter((text) => !/\.{3}|\*{3}/.test(text) && !/^[\w.-]*(?:key|token|secret|auth)[\w.-]*:/i.test(text));
  fc.assert(
    fc.property(fc.oneof(key, bare), (secret) => {
      expect(readPastedSecret(secret)).toEqual({ secret });
    }),
  );
});

test.each(["9d1f2c3a-aaaa-bbbb-cccc-0123456789ab:0123456789abcdef", "dXNlcjpwYXNzd29yZA==", "user:pass", "a=b"])(
  "%s has a colon or an equals sign of its own",
  (secret) => expect(readPastedSecret(secret)).toEqual({ secret }),
);

describe("what cannot be used is told apart", () => {
  test.each([
    ["", "empty"],
    [' "" ', "empty"],
    ["\u200b\ufeff", "empty"],
    ["sk-…abcd", "shortened"],
    ["sk-proj-...wxyz", "shortened"],
    ["sk-ant-api03-********", "shortened"],
    ['{"key":"sk-••••1234"}', "shortened"],
    ["sk-aaaaaaaa\nsk-bbbbbbbb", "several"],
    ['{"access_token":"aaa","refresh_token":"bbb"}', "several"],
    ["OPENAI_API_KEY=sk-aaaa\nANTHROPIC_API_KEY=sk-ant-bbbb", "several"],
    ["please use sk-aaaaaaaa for me", "spaces"],
    ["sk-aaaa bbbb", "spaces"],
    ["sk–aaaabbbb", "characters"],
    ["clé-secrète", "characters"],
    ["sk-aaaa\u0000bbbb", "characters"],
    ["ключ", "characters"],
  ])("%j: %s", (pasted, fault) => expect(readPastedSecret(pasted)).toEqual({ fault }));
});

/** What comes out; null where nothing does. */
const secretIn = (pasted: string) => {
  const read = readPastedSecret(pasted);
  return "secret" in read ? read.secret : null;
};

test("what comes out of any text can travel in a header", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (pasted) => {
      expect(secretIn(pasted) ?? "nothing").toMatch(/^[\x21-\x7e]+$/);
    }),
  );
});

test.each([" ", "\n", '"', "a ", "a: ", "[", '{"a":', "\u200b", "*", "-H ", "a=", "\\\n"])(
  "24,000 characters of %j are read to their end",
  (unit) => {
    expect(() => readPastedSecret(unit.repeat(24_000 / unit.length))).not.toThrow();
  },
);
