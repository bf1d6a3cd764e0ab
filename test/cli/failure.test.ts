import { expect, test } from "vitest";
import { explainFailure } from "../../src/cli/failure.ts";
import { CredentialNotFoundError } from "../../src/errors/auth-error.ts";
import { OperatorError } from "../../src/errors/operator-error.ts";

const withCode = (code: string, more: object = {}) =>
  Object.assign(new Error("the system's own words"), { code, ...more });

test.each([
  ["a code of the system", withCode("ECONNREFUSED"), "ECONNREFUSED", "PostgreSQL does not answer"],
  ["one of PostgreSQL", withCode("28P01"), "28P01", "refuses the user or the password"],
  [
    "one that lies deeper",
    new Error("x", { cause: new Error("y", { cause: withCode("ENOSPC") }) }),
    "ENOSPC",
    "is full",
  ],
  [
    "the first of several that is known",
    new AggregateError([withCode("EODD"), withCode("ETIMEDOUT")]),
    "ETIMEDOUT",
    "in time",
  ],
  ["a port", withCode("EADDRINUSE", { port: 4000 }), "EADDRINUSE", "The port 4000 is in use"],
  ["a port that this user may not have", withCode("EACCES", { syscall: "listen", port: 80 }), "EACCES", "the port 80"],
  ["a folder", withCode("EACCES", { syscall: "mkdir", path: "/data" }), "EACCES", "write /data"],
  ["SQLite's number", Object.assign(new Error("x"), { errcode: 8 }), "EROFS", "read-only"],
  ["WebAssembly's number", { name: "ErrnoError", errno: 51 }, "ENOSPC", "is full"],
])("%s is explained in words that say what to do", (_name, error, code, words) => {
  const explanation = explainFailure(error);
  expect(explanation).toMatchObject({ code, cause: expect.stringContaining(words) as string });
  expect(explanation!.cure).not.toBe("");
  expect(JSON.stringify(explanation)).not.toContain("the system's own words");
});

test("what this server refuses is told in its own words", () => {
  expect(explainFailure(new OperatorError("It is locked.", "Stop the other."))).toEqual({
    cause: "It is locked.",
    cure: "Stop the other.",
    code: null,
  });
  expect(explainFailure(new CredentialNotFoundError())).toMatchObject({ code: "CREDENTIAL_NOT_FOUND" });
});

test.each([new Error("odd"), withCode("EODD"), "a text", null, { name: "ErrnoError", errno: 7 }])(
  "nothing is said of what nobody foresaw: %s",
  (error) => {
    expect(explainFailure(error)).toBeNull();
  },
);
