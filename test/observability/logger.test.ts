import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { InvalidCredentialError } from "../../src/errors/auth-error.ts";
import { Secret } from "../../src/lib/secret.ts";
import { createLines } from "../../src/observability/logger.ts";

function createCapturedLogger() {
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  return { log: createLines("trace", sink), lines };
}

const canary = "sk-canary-0123456789";

test("values under the names of secrets are redacted at any depth, in whatever case", () => {
  const { log, lines } = createCapturedLogger();
  const plain = "a-secret-without-any-shape";
  const deep = { request: { authorization: plain, headers: { any: plain }, path: "/graphql" } };
  const names = { "X-Api-Key": plain, refresh_token: plain, clientSecret: plain, variables: { input: plain } };
  log.info({ apiKey: plain, ...deep, list: [{ deep: [{ ...names, deep }] }] }, "seen");
  expect(lines.join("")).not.toContain(plain);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    request: { path: "/graphql", authorization: "[redacted]" },
    list: [{ deep: [{ "X-Api-Key": "[redacted]", deep: { request: { path: "/graphql" } } }] }],
  });
});

test("errors and bytes are described wherever they stand, and nothing is so large or so entangled that it cannot be logged", () => {
  const { log, lines } = createCapturedLogger();
  const circle: Record<string, unknown> = { name: "circle" };
  circle["self"] = circle;
  const failure = new Error("outer", { cause: new Error(canary) });
  const deepest = Array.from({ length: 50 }).reduce<unknown>((inner) => ({ inner }), "end");
  const secrets = { wrapped: new Secret(canary), bytes: Buffer.from(canary), view: new Uint8Array(5), map: new Map() };
  log.info({ failures: [failure], ...secrets, circle, deepest, long: "x".repeat(1_000_000), big: 1n }, "seen");
  log.info({ at: new Date(0), items: Array.from({ length: 100_000 }, () => canary), nothing: null }, "seen");
  for (const line of lines) {
    expect(line).not.toContain(canary);
    expect(line.length).toBeLessThan(10_000);
  }
  expect(JSON.parse(lines[0]!)).toMatchObject({
    failures: [{ type: "Error", message: "outer", cause: { message: "[hidden]" } }],
    wrapped: "[secret]",
    bytes: "[20 bytes]",
    circle: { name: "circle", self: "[circular]" },
    big: "1",
  });
  expect(JSON.parse(lines[1]!)).toMatchObject({ at: "1970-01-01T00:00:00.000Z", nothing: null });
});

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";

test.each([
  ["sk-ant-api03-AbCdEf-0123456789_x", "sk-[redacted]"],
  ["sk-proj-0123456789abcdef", "sk-[redacted]"],
  ["AIzaSyA0123456789_abcdefghijklmnopqrstu", "[redacted]"],
  ["AQ.Ab8RN6A0123456789_abcdefghijklmnopqrstu", "[redacted]"],
  ["ya29.a0AfH6SMB-0123456789", "[redacted]"],
  ["Bearer abc.def-ghi_jkl~mno", "Bearer [redacted]"],
  ["authorization: basic dXNlcjpwYXNzd29yZA==", "authorization: basic [redacted]"],
  [jwt, "[redacted]"],
  ["postgres://maestro:hunter2hunter2@db:5432/x", "postgres://[redacted]@db:5432/x"],
  ["redis://:hunter2hunter2@cache:6379", "redis://[redacted]@cache:6379"],
  ["/callback?code=4%2F0AbCdEf012345&state=Zm9vYmFyYmF6", "/callback?code=[redacted]&state=[redacted]"],
  ["refresh_token=1//0gAbCdEf-0123456789", "refresh_token=[redacted]"],
  ["-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----", "[redacted]"],
])("%j in a message, a field or an error's message is masked by its shape, and the line stays JSON", (text, shown) => {
  const { log, lines } = createCapturedLogger();
  log.warn({ field: `a "${text}" b`, err: new TypeError(`failed for ${text}`) }, `seen ${text} and more`);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    msg: `seen ${shown} and more`,
    err: { type: "TypeError" },
  });
  expect(lines[0]).not.toContain(text.slice(-12));
});

test("what only resembles a secret stays", () => {
  const { log, lines } = createCapturedLogger();
  const harmless = [
    "a task-force, a risk-free desk-top",
    "http://localhost:4000/graphql?x=1",
    "the bearer of news; Basic needs",
    "1//2",
    "code=E1",
    "eyJ",
    "9f0c8a52-6f3a-4a55-9d0b-0c5c2b3f6a11",
  ];
  log.info({ harmless }, "seen");
  expect(JSON.parse(lines[0]!)).toMatchObject({ harmless });
});

test("masking a long hostile text takes no longer than reading it", () => {
  const { log, lines } = createCapturedLogger();
  const pieces = ["a.", "eyJ", "a://", "Bearer ", "-----BEGIN PRIVATE KEY-----", "1//", "sk-", "token="];
  for (const piece of pieces) log.info(piece.repeat(200_000 / piece.length));
  expect(lines).toHaveLength(pieces.length);
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

test("of what a database says no value is logged: neither a row, nor the text that it could not read", () => {
  const { log, lines } = createCapturedLogger();
  const row = `null value in column "label" violates a constraint\n - detail: Failing row contains (1,\n    ${canary}).`;
  log.error({ err: new Error(row) }, "seen");
  log.error({ err: new Error(`invalid input syntax for type uuid: "a"${canary}\n"b"`) }, "seen");
  expect(lines.join("")).not.toContain(canary);
  const messages = lines.map((line) => (JSON.parse(line) as { err: { message: string } }).err.message);
  expect(messages).toEqual([
    'null value in column "label" violates a constraint',
    'invalid input syntax for type uuid: "[hidden]"',
  ]);
});

test("an object that is nested without end is logged as deep as anybody reads", () => {
  const { log, lines } = createCapturedLogger();
  let nested: object = { canary };
  for (let depth = 0; depth < 10_000; depth++) nested = { nested };
  log.info({ nested }, "seen");
  expect(lines[0]).toContain("[too deep]");
  expect(lines[0]).not.toContain(canary);
});
