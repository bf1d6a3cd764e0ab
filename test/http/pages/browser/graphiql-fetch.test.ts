import { expect, test } from "vitest";
import { Asking } from "../../../../src/http/pages/browser/graphiql-fetch.js";
import { PageToken } from "../../../../src/http/pages/browser/page-token.js";
import { Refusal } from "../../../../src/http/pages/browser/refusal.js";

const refused = (status: number, code: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ errors: [{ message: `It is ${code}.`, extensions: { code } }] }), { status, headers });

/** GraphiQL on a page whose first token is refused, and whose second works until `answer` says otherwise. */
function stage(load: () => Promise<string>, answer: (token: string) => Response) {
  const sent: string[] = [];
  const told: string[] = [];
  const asking = new Asking({
    token: new PageToken("first", load),
    tell: (text: string) => void told.push(text),
    send: async (_input, init) => {
      const authorization = new Headers(init?.headers).get("authorization")!;
      sent.push(authorization);
      return answer(authorization);
    },
  });
  const run = (authorization: string) => asking.fetch("/graphql", { headers: { authorization } });
  return { run, sent, told };
}

const onlySecond = (authorization: string) =>
  authorization === "Bearer second" ? new Response("{}") : refused(401, "UNAUTHENTICATED");

test("the page's own token is renewed, and stands in for the one that GraphiQL still sends", async () => {
  const { run, sent, told } = stage(async () => "second", onlySecond);
  expect((await run("Bearer first")).status).toBe(200);
  expect((await run("Bearer first")).status).toBe(200);
  expect(sent).toEqual(["Bearer first", "Bearer second", "Bearer second"]);
  expect(told).toEqual([expect.stringContaining("the page got a new one")]);
});

test("a token that the reader wrote is never replaced, and its refusal says what to do", async () => {
  const { run, sent, told } = stage(async () => "second", onlySecond);
  expect((await run("Bearer mine")).status).toBe(401);
  expect(sent).toEqual(["Bearer mine"]);
  expect(told).toEqual([expect.stringMatching(/^It is UNAUTHENTICATED\. Put another token into Headers/)]);
});

test("where the page gets no new token, GraphiQL shows the server's refusal, and the foot says how to go on", async () => {
  const none = async () => {
    throw new Refusal("stop", "The server gives this page no new token.");
  };
  const { run, sent, told } = stage(none, onlySecond);
  const answer = await run("Bearer first");
  expect([answer.status, await answer.json()]).toMatchObject([
    401,
    { errors: [{ message: "It is UNAUTHENTICATED." }] },
  ]);
  expect(sent).toEqual(["Bearer first"]);
  expect(told).toEqual(["The server gives this page no new token."]);
});

test("a limit is honoured for the authorization that met it, and for no other", async () => {
  const { run, sent, told } = stage(
    async () => "second",
    (authorization) =>
      authorization === "Bearer mine" ? refused(429, "RATE_LIMITED", { "retry-after": "60" }) : new Response("{}"),
  );
  for (let times = 0; times < 3; times += 1) {
    const answer = await run("Bearer mine");
    expect([answer.status, await answer.json()]).toMatchObject([429, { errors: [{ message: "It is RATE_LIMITED." }] }]);
  }
  expect((await run("Bearer other")).status).toBe(200);
  expect(sent).toEqual(["Bearer mine", "Bearer other"]);
  expect(told).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/Run it again after \d\d:\d\d:\d\d\./)));
});

test.each([
  [refused(200, "CURSOR_EXPIRED"), /^$/],
  [refused(403, "FORBIDDEN"), /^It is FORBIDDEN\.$/],
  [refused(503, "IDENTITY_PROVIDER_UNAVAILABLE"), /Run it again once the server is back\.$/],
])("GraphiQL gets the answer as it is, and the foot tells what it means", async (response, words) => {
  const { run, told } = stage(
    async () => "second",
    () => response.clone(),
  );
  expect((await run("Bearer first")).status).toBe(response.status);
  expect(told.join("\n")).toMatch(words);
});
