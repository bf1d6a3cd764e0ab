import { expect, test } from "vitest";
import { Secret } from "../../../src/lib/secret.ts";
import { MalformedAnswerError } from "../../../src/providers/oauth/answer.ts";
import { boundDeviceAuthorization } from "../../../src/providers/oauth/device-flow.ts";

const usual = {
  deviceCode: new Secret("device"),
  userCode: "ABCD-EFGH",
  verificationUri: "https://as.example/device",
  interval: 5,
  expiresIn: 900,
};

test("what is usual stays as it is, and times are kept within bounds", () => {
  expect(boundDeviceAuthorization(usual)).toEqual(usual);
  expect(boundDeviceAuthorization({ ...usual, interval: 0, expiresIn: 1e9 })).toMatchObject({
    interval: 1,
    expiresIn: 86_400,
  });
  expect(boundDeviceAuthorization({ ...usual, interval: 1e9, expiresIn: -5 })).toMatchObject({
    interval: 60,
    expiresIn: 1,
  });
});

test.each([
  { userCode: "" },
  { userCode: "x".repeat(65) },
  { userCode: "nul\0" },
  { verificationUri: "http://as.example/device" },
  { verificationUri: "javascript:alert(1)" },
  { verificationUri: "no address" },
  { verificationUri: `https://as.example/${"x".repeat(2_048)}` },
])("nobody can be shown %j", (change) => {
  expect(() => boundDeviceAuthorization({ ...usual, ...change })).toThrow(MalformedAnswerError);
});
