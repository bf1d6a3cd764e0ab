import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { vendorText } from "../../support/authorization-server/dialect.ts";
import { type CallbackStage, type Page, startCallbackStage } from "./callback-stage.ts";

const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** One page of each kind, by its outcome. */
async function allPages(stage: CallbackStage): Promise<Record<string, Page>> {
  const [bound, denied, failed, unbound] = await Promise.all(["a", "b", "c", "d"].map((user) => stage.begin(user)));
  const callback = (state: string | null | undefined, answer: string) =>
    `/auth/google/callback?state=${state}&${answer}`;
  const text = `error_description=${encodeURIComponent(vendorText)}`;
  return {
    completed: await stage.visit(await stage.decide(bound!), { cookie: bound!.cookie }),
    denied: await stage.visit(callback(denied!.state, `error=access_denied&${text}`), { cookie: denied!.cookie }),
    failed: await stage.visit(callback(failed!.state, `error=server_error&${text}`), { cookie: failed!.cookie }),
    unknown: await stage.visit(callback("unknown", `error=server_error&${text}`)),
    handover: await stage.visit(callback(unbound!.state, `code=a-code&error=an-error&${text}`)),
  };
}

test("each page allows its own script and style by their hashes and nothing else, and is kept by nobody", async () => {
  await using stage = await startCallbackStage();
  const pages = await allPages(stage);
  for (const { html, headers } of Object.values(pages)) {
    const [, style] = /<style>([^<]*)<\/style>/.exec(html)!;
    const [, script] = /<script>([^<]*)<\/script>/.exec(html)!;
    expect(String(headers["content-security-policy"]).split("; ")).toEqual([
      "default-src 'none'",
      `script-src ${hashOf(script!)}`,
      `style-src ${hashOf(style!)}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
    });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  }
});

test("no page holds a token, or what the provider said", async () => {
  await using stage = await startCallbackStage();
  const tokens = { access_token: "a-secret-access-token", refresh_token: "a-secret-refresh-token" };
  stage.google.tokenOverrides = tokens;
  const pages = await allPages(stage);
  expect(pages["completed"]!.title).toBe("Connected");
  for (const page of Object.values(pages)) {
    const everything = JSON.stringify(page);
    for (const text of [...Object.values(tokens), vendorText, "eyJ", "id_token"])
      expect(everything).not.toContain(text);
  }
});

const attacks = [
  "</script><script>alert(1)</script>",
  "</SCRIPT\n><img src=x onerror=alert(1)>",
  "<!--<script>",
  "]]>--><svg onload=alert(1)>",
  `"'\`;alert(1);//`,
  `"}],"origins":["https://evil.example"],"x":[{"y":"`,
  "\u2028alert(1)\u2029",
  "\\u003c/script>\\",
  "\u0000\u0007\ufffe\ud800",
  "&lt;script&gt;&#60;",
  "{{constructor.constructor('alert(1)')()}}${alert(1)}",
  "javascript:alert(1)",
];

/** The page without its data: what no visitor can have an influence on. */
function expectOnlyData(page: Page, pattern: Page): void {
  const split = ({ html }: Page) => /^(.*id="data">)([^<]*)(<\/script>\n<script>.*)$/s.exec(html)!.slice(1);
  const [before, data, after] = split(page);
  const [expectedBefore, , expectedAfter] = split(pattern);
  expect([before, after]).toEqual([expectedBefore, expectedAfter]);
  // A script element ends at the first "<" that could begin an end tag, and has no character references.
  expect(data).not.toMatch(/[<\u2028\u2029]/);
  expect(page.html.match(/<script\b[^>]*>/gi)).toEqual(['<script type="application/json" id="data">', "<script>"]);
}

test.each(attacks)("what a visitor brings stays data: %j", async (attack) => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const visit = (parameters: Record<string, string>) =>
    stage.visit(`/auth/google/callback?${new URLSearchParams(parameters).toString()}`);
  const state = flow.state!;
  const patterns = { known: await visit({ state, code: "x" }), unknown: await visit({ state: "x", code: "x" }) };
  const seen = attack.toWellFormed();

  const handover = await visit({ state, code: attack, error: attack, iss: attack, error_description: attack });
  expectOnlyData(handover, patterns.known);
  expect(handover.message).toEqual({ type: "maestro-auth:code", state, code: seen, issuer: seen, error: seen });

  const unknown = await visit({ state: attack, code: attack, error: attack, iss: attack, error_description: attack });
  expect(unknown.html).toBe(patterns.unknown.html);

  const ended = new URLSearchParams({ state, error: attack, iss: attack, error_description: attack }).toString();
  const error = await stage.visit(`/auth/google/callback?${ended}`, { cookie: flow.cookie });
  expect(error.message).toEqual({ type: "maestro-auth:flow", outcome: "failed" });
  expect(error.html).not.toContain(attack);
});
