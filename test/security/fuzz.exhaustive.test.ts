import { afterAll, beforeAll, expect, test } from "vitest";
import { createServerDatabase } from "../support/test-database.ts";
import { type FuzzServer, startFuzzServer } from "./fuzz/fuzz-server.ts";
import { fuzz } from "./fuzz/fuzzer.ts";
import { judgeClose, judgeHttp, judgeMessages, judgeRaw } from "./fuzz/judge.ts";
import { seed } from "./seed.ts";

let server: FuzzServer;

beforeAll(async () => {
  server = await startFuzzServer(await createServerDatabase());
});

afterAll(() => server[Symbol.asyncDispose]());

const count = 3_000;

test(`${count} hostile requests over all transports: nothing breaks, and nothing of the inside is shown (seed ${seed})`, async () => {
  const { outcomes, failure } = await fuzz(server, { requests: count, seed, concurrency: 16 });
  expect(failure).toBeNull();
  expect(server.faults).toEqual([]);
  // It has come through every door, and not only to be turned away there.
  const kinds = [...outcomes.keys()];
  for (const door of [
    "http 200, data",
    "http 400, BAD_USER_INPUT",
    "http 200, GRAPHQL_VALIDATION_FAILED",
    "sse 200, data",
  ]) {
    expect(kinds).toContain(door);
  }
  for (const door of [/^socket, data/, /^socket, silent/, /^socket closed, 4400/, /^frame/, /^raw 400/]) {
    expect(kinds).toContainEqual(expect.stringMatching(door));
  }
  for (const path of ["/health", "/ready"]) expect((await fetch(server.origin + path)).status).toBe(200);
});

const wrongAnswers: Record<string, { readonly complaint: string | null }> = {
  "a status of the server's own fault": judgeHttp(500, "application/json", '{"errors":[]}'),
  "an answer that is no JSON": judgeHttp(200, "application/json", "oops"),
  "an answer with nothing in it": judgeHttp(200, "application/json", "{}"),
  "an error without a code": judgeHttp(200, "application/json", '{"errors":[{"message":"no"}]}'),
  "an error with a code of nobody's": judgeHttp(200, "application/json", '{"errors":[{"extensions":{"code":"OOPS"}}]}'),
  "an error that is the server's own": judgeMessages([
    { type: "next", payload: { errors: [{ extensions: { code: "INTERNAL_SERVER_ERROR" } }] } },
  ]),
  "a stack": judgeMessages([{ type: "error", payload: [{ message: "x\n    at f (file:///app/src/a.ts:1:2)" }] }]),
  "the name of a class": judgeHttp(400, "application/json", '{"errors":[{"message":"TypeError: x"}]}'),
  "a statement": judgeHttp(400, "application/json", '{"errors":[{"message":"insert into \\"sessions\\" values"}]}'),
  "a socket that the server closes for its own fault": judgeClose(4500, ""),
  "a page that is no HTTP": judgeRaw("oops"),
};

test.each(Object.entries(wrongAnswers))("the judge complains about %s", (_name, { complaint }) => {
  expect(complaint).not.toBeNull();
});
