import { expect, test } from "vitest";
import { createLogger } from "../../src/observability/logger.ts";

function write(tell: (log: ReturnType<typeof createLogger>) => void): string {
  let text = "";
  tell(createLogger("trace", { write: (line) => void (text += line) }, "text"));
  return text;
}

test("for people a line has its time, level, event, message and fields", () => {
  const text = write((log) =>
    log.tell("provider.refused", { provider: "anthropic", operation: "check", vendorCodes: ["a b"] }),
  );
  expect(text).toMatch(
    /^\d\d:\d\d:\d\d INFO {2}provider\.refused: a provider refused a user's credential provider=anthropic operation=check vendorCodes=\["a b"\]\n$/,
  );
});

test("an error has its frames on lines of their own, and nothing moves the terminal's cursor", () => {
  const text = write((log) =>
    log.tell("operation.failed", { requestId: "\u001b[2J\u009b2J", err: new Error("x\u001b[1m") }),
  );
  const [head, frame] = text.split("\n");
  expect(head).toContain('err={"type":"Error","message":"x');
  expect(frame).toMatch(/^ {4}at /);
  expect(text).not.toMatch(/[^\P{C}\n]/u);
});

test("a secret is masked in text as in JSON", () => {
  const text = write((log) => log.tell("server.waiting", { reason: "postgres://maestro:hunter2hunter2@db:5432/x" }));
  expect(text).toContain("[redacted]");
  expect(text).not.toContain("hunter2");
});
