import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { InvalidCredentialError } from "../../src/errors.ts";
import { createLogger } from "../../src/observability/logger.ts";

function createCapturedLogger() {
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  return { log: createLogger("trace", sink), lines };
}

const canary = "sk-canary-0123456789";

test("values under the names of secrets are redacted, at the top and one level below", () => {
  const { log, lines } = createCapturedLogger();
  log.info({ apiKey: canary, request: { authorization: canary, headers: { any: canary }, path: "/graphql" } }, "seen");
  expect(lines.join("")).not.toContain(canary);
  expect(lines.join("")).toContain('"path":"/graphql"');
});

test("of an error's cause only the class and the code are logged", () => {
  const { log, lines } = createCapturedLogger();
  const cause = Object.assign(new Error(`the provider said: ${canary}`), { code: "EPROVIDER" });
  log.warn({ err: new InvalidCredentialError("refused", { cause }) }, "seen");
  expect(lines.join("")).not.toContain(canary);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: "warn",
    err: {
      type: "InvalidCredentialError",
      code: "INVALID_CREDENTIAL",
      message: "refused",
      cause: { code: "EPROVIDER" },
    },
  });
});

test("an unexpected error keeps its stack for whoever has to find it", () => {
  const { log, lines } = createCapturedLogger();
  log.error({ err: new TypeError("broken") }, "seen");
  expect(JSON.parse(lines[0]!)).toMatchObject({
    err: { type: "TypeError", stack: expect.stringContaining("logger.test.ts") },
  });
});
