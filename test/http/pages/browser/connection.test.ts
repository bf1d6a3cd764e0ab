import { expect, test } from "vitest";
import { Connection } from "../../../../src/http/pages/browser/connection.js";
import { PageToken } from "../../../../src/http/pages/browser/page-token.js";
import { noAnswer, Refusal } from "../../../../src/http/pages/browser/refusal.js";

type Answer = () => Response | Promise<Response>;

const json =
  (status: number, body: object, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
const refused = (status: number, code: string, headers?: Record<string, string>) =>
  json(status, { errors: [{ message: `It is ${code}.`, extensions: { code } }] }, headers);
const well = json(200, { data: { viewer: { userId: "developer" } } });

/** A page whose server answers what a test says for each token, and whose page then holds `next`. */
function stage(answers: Readonly<Record<string, Answer>>, next: () => Promise<string>) {
  const sent: string[] = [];
  const ends: string[] = [];
  let loads = 0;
  const load = () => {
    loads += 1;
    return next();
  };
  const connection = new Connection({
    endpoint: "/graphql",
    token: new PageToken("first", load),
    onEnd: (reason: string) => void ends.push(reason),
    fetch: async (_input, init) => {
      const token = new Headers(init?.headers).get("authorization")!.slice("Bearer ".length);
      sent.push(token);
      return answers[token]!();
    },
  });
  return { connection, sent, ends, loads: () => loads };
}

const query = "{ viewer { userId } }";
const unauthenticated = refused(401, "UNAUTHENTICATED");
const first = (): Promise<string> => Promise.resolve("first");
const second = (): Promise<string> => Promise.resolve("second");
const noAnswers = (): Promise<string> => Promise.reject(new Error("no token is asked for"));

test("a token that has ended is renewed once for all requests that it was refused to, and they are sent again", async () => {
  const { connection, sent, ends, loads } = stage({ first: unauthenticated, second: well }, second);
  const results = await Promise.all([connection.ask(query), connection.ask(query)]);
  expect(results).toEqual([{ userId: "developer" }, { userId: "developer" }]);
  expect({ loads: loads(), sent, ends }).toEqual({ loads: 1, sent: ["first", "first", "second", "second"], ends: [] });
  await connection.ask(query);
  expect(sent.at(-1)).toBe("second");
});

test.each([
  ["the new token is refused too", { first: unauthenticated, second: unauthenticated }, second, 2],
  ["the page holds the same token", { first: unauthenticated }, first, 1],
  [
    "the page holds none",
    { first: unauthenticated },
    (): Promise<string> => Promise.reject(new Refusal("stop", "The server gives this page no new token.")),
    1,
  ],
  ["a scope is missing", { first: refused(403, "FORBIDDEN") }, second, 1],
  ["another program answers", { first: () => new Response("<h1>Hello</h1>") }, second, 1],
])("the page stops for good and says why, where %s", async (_case, answers, next, requests) => {
  const { connection, sent, ends } = stage(answers, next);
  for (let tries = 0; tries < 5; tries += 1) {
    await expect(connection.ask(query)).rejects.toMatchObject({ reaction: "stop" });
  }
  expect(sent).toHaveLength(requests);
  expect(ends).toEqual([expect.stringMatching(/\w/)]);
});

test("while the server gives a time to wait, nothing is asked, by whichever part of the page", async () => {
  const { connection, sent, ends } = stage({ first: refused(429, "RATE_LIMITED", { "retry-after": "50" }) }, noAnswers);
  await expect(connection.ask(query)).rejects.toMatchObject({ reaction: "wait", seconds: 50 });
  await expect(connection.ask(query)).rejects.toMatchObject({ reaction: "wait" });
  await expect(connection.subscribe("subscription { events { cursor } }", {}).next()).rejects.toMatchObject({
    reaction: "wait",
    message: "It is RATE_LIMITED.",
  });
  expect({ sent, ends }).toEqual({ sent: ["first"], ends: [] });
});

test.each([
  ["the server is away", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["a proxy says 502", () => new Response("Bad Gateway", { status: 502 })],
  ["the identity provider is away", refused(503, "IDENTITY_PROVIDER_UNAVAILABLE")],
])("where %s, the page may ask again", async (_case, answer) => {
  const { connection, sent, ends } = stage({ first: answer }, noAnswers);
  await expect(connection.ask(query)).rejects.toMatchObject({ reaction: "retry" });
  await expect(connection.ask(query)).rejects.toMatchObject({ reaction: "retry" });
  expect({ sent, ends }).toEqual({ sent: ["first", "first"], ends: [] });
});

test("a server that goes away during the renewal is asked again", async () => {
  let isAway = true;
  const { connection, ends } = stage({ first: unauthenticated, second: well }, async () => {
    if (isAway) throw noAnswer();
    return "second";
  });
  await expect(connection.ask(query)).rejects.toMatchObject({ reaction: "retry" });
  isAway = false;
  expect(await connection.ask(query)).toEqual({ userId: "developer" });
  expect(ends).toEqual([]);
});

test("what ends a stream is told by its code, and a limit of one operation ends nothing", async () => {
  const body = `data: {"data":{"events":{"cursor":"1"}}}\n\ndata: {"errors":[{"message":"Gone.","extensions":{"code":"CURSOR_EXPIRED"}}]}\n\n`;
  const stream = () => new Response(body, { headers: { "content-type": "text/event-stream" } });
  const { connection, ends } = stage({ first: stream }, noAnswers);
  const events = connection.subscribe("subscription { events { cursor } }", {});
  expect(await events.next()).toEqual({ done: false, value: { cursor: "1" } });
  await expect(events.next()).rejects.toMatchObject({ reaction: "restart", message: "Gone." });

  const limited = stage({ first: refused(200, "RATE_LIMITED") }, noAnswers);
  await expect(limited.connection.ask(query)).rejects.toMatchObject({ reaction: "wait" });
  await expect(limited.connection.ask(query)).rejects.toMatchObject({ reaction: "wait" });
  expect([limited.sent.length, ends, limited.ends]).toEqual([2, [], []]);
});
