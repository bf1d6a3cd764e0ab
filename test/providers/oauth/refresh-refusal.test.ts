import { describe, expect, test } from "vitest";
import { adaptError } from "../../../src/providers/oauth/answer.ts";
import { showableCode, subjectOf } from "../../../src/providers/oauth/refresh-refusal.ts";
import { vendorRefusals } from "../../support/vendor-refusals.ts";

describe("what a refusal of a refresh speaks of", () => {
  test.each(vendorRefusals)("$name: $subject", ({ status, body, subject, code }) => {
    const adapted = adaptError(body as Record<string, unknown>, () => false);
    const { error, error_description: description = null } = adapted as {
      error: string;
      error_description?: string;
    };
    expect(subjectOf({ status, code: error, description })).toBe(subject);
    expect(showableCode(error)).toBe(code);
  });

  test.each([400, 401, 409, 410, 412, 422])(
    "with status %i a code that nobody knows is a refusal of the grant",
    (status) => {
      expect(subjectOf({ status, code: "something_new", description: null })).toBe("grant");
    },
  );

  test.each([
    [403, "block"],
    [404, "address"],
    [415, "address"],
    [408, "moment"],
    [425, "moment"],
    [402, "account"],
    [451, "block"],
  ] as const)("with status %i it is not: others than the token endpoint use that status too", (status, subject) => {
    expect(subjectOf({ status, code: "something_new", description: null })).toBe(subject);
  });

  test.each(["geo_blocked", "ip_not_allowed", "REGION_UNSUPPORTED", "waf-denied", "vpn_detected", "Country Blocked"])(
    "%s names a place, whatever the status",
    (code) => {
      for (const status of [400, 401, 403]) expect(subjectOf({ status, code, description: null })).toBe("block");
    },
  );
});

describe("a code that can be shown", () => {
  test.each([
    "invalid_grant",
    "AADSTS50076",
    "CONSUMER_SUSPENDED",
    "consumerSuspended",
    "E4001",
    "urn:acme:error.token-expired",
    "a".repeat(60),
  ])("%s is one", (code) => {
    expect(showableCode(code)).toBe(code);
  });

  test.each([
    ["a sentence", "This organization has been disabled."],
    ["markup", "<b>no</b>"],
    ["a line break", "invalid\ngrant"],
    ["a terminal's escape", "\u001B[31mred"],
    ["nothing", ""],
    ["an Anthropic token", "sk-ant-ort01-Zk3v9QpL0sXb"],
    ["an OpenAI token", "rt_Ab3dE7gHiJkLmN0pQ"],
    ["a Google token", "1//0eXyZ"],
    ["a JWT", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.Ab3"],
    ["something long", "a".repeat(61)],
    ["another script", "отказано"],
  ])("%s is none", (_name, code) => {
    expect(showableCode(code)).toBeNull();
  });
});
