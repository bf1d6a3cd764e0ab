import { expect, test } from "vitest";
import { quotaNames, quotas, usualOperations } from "../../src/callers/quota.ts";
import { connectionLimitNames, connectionLimits } from "../../src/http/connections/connection-limits.ts";
import { rateLimitNames, rateLimits } from "../../src/rate-limits/limits.ts";
import { errorOf, faultsOf, load, requiredVariables } from "../support/test-config.ts";

test("attempts are limited, logins are not looked at, and no proxy is trusted, unless a variable says so", () => {
  expect(load()).toMatchObject({ rateLimits, stepUp: null, trustedProxyHops: 0 });
  expect(load({ RATE_LIMITS: "on" })).toEqual(load());
});

test("all limits can be switched off together", () => {
  expect(load({ RATE_LIMITS: "off" }).rateLimits).toEqual(
    Object.fromEntries(rateLimitNames.map((name) => [name, null])),
  );
});

test("single limits can be changed or switched off, and the others stay", () => {
  const { rateLimits: changed } = load({ RATE_LIMITS: "authentication-ip=1200/600, failed-token-ip = off" });
  expect(changed).toEqual({
    ...rateLimits,
    "authentication-ip": { points: 1_200, seconds: 600 },
    "failed-token-ip": null,
  });
});

test.each([
  "authentication-ip",
  "authentication-ip=",
  "authentication-ip=10",
  "authentication-ip=5/60",
  "authentication-ip=60/0",
  "authentication-ip=60/86401",
  "authentication-ip=-60/60",
  "authentication-ip=6e3/60",
  "authentication-ip=60/60=60/60",
  "refresh-user=0/60",
  "everything=60/60",
  "toString=off",
  "__proto__=off",
  "refresh-user=60/60,off",
  "refresh-user=off,",
])("RATE_LIMITS=%s is a fault, which says what would do", (value) => {
  expect(faultsOf({ RATE_LIMITS: value })).toEqual(["RATE_LIMITS"]);
  const [fault] = errorOf({ ...requiredVariables, RATE_LIMITS: value }).faults;
  expect(() => load({ RATE_LIMITS: fault!.example })).not.toThrow();
});

test("each limit of connections that has a name can be changed, and the others stay", () => {
  expect(load().connectionLimits).toEqual(connectionLimits);
  for (const [name, limit] of Object.entries(connectionLimitNames)) {
    const changed = load({ CONNECTION_LIMITS: `${name} = 7` }).connectionLimits;
    expect(changed).toEqual({ ...connectionLimits, [limit]: 7 });
  }
  const { socketsPerUser, streamsPerUser } = load({
    CONNECTION_LIMITS: "sockets-per-user=1, streams-per-user=1000000",
  }).connectionLimits;
  expect([socketsPerUser, streamsPerUser]).toEqual([1, 1_000_000]);
});

test.each([
  "sockets-per-user",
  "sockets-per-user=",
  "sockets-per-user=0",
  "sockets-per-user=-1",
  "sockets-per-user=1.5",
  "sockets-per-user=1e3",
  "sockets-per-user=1000001",
  "sockets-per-user=off",
  "sockets-per-user=5=5",
  "sockets-per-user=5,",
  "socketsPerUser=5",
  // One that no operator has a reason to change.
  "pipelined-requests=5",
  "toString=5",
  "__proto__=5",
])("CONNECTION_LIMITS=%s is a fault, which says what would do", (value) => {
  expect(faultsOf({ CONNECTION_LIMITS: value })).toEqual(["CONNECTION_LIMITS"]);
  const [fault] = errorOf({ ...requiredVariables, CONNECTION_LIMITS: value }).faults;
  expect(() => load({ CONNECTION_LIMITS: fault!.example })).not.toThrow();
});

test("what sensitive operations need of a login is read from three variables, each of which may be left out", () => {
  const stepUp = (variables: Record<string, string>) => load(variables).stepUp;
  expect(stepUp({ STEP_UP_MAX_AGE: "300" })).toEqual({ maxAge: 300, acrValues: [], amrValues: [] });
  expect(stepUp({ STEP_UP_ACR_VALUES: "urn:example:loa:2, phr" })).toEqual({
    maxAge: null,
    acrValues: ["urn:example:loa:2", "phr"],
    amrValues: [],
  });
  expect(stepUp({ STEP_UP_AMR: "mfa,hwk" })).toEqual({ maxAge: null, acrValues: [], amrValues: ["mfa", "hwk"] });
});

test.each([
  ["STEP_UP_MAX_AGE", "0"],
  ["STEP_UP_MAX_AGE", "5m"],
  ["STEP_UP_ACR_VALUES", "gold,,silver"],
  ["STEP_UP_ACR_VALUES", 'gold"'],
  ["STEP_UP_AMR", "mfa hwk"],
  ["STEP_UP_AMR", "mfa\\"],
  ["STEP_UP_AMR", "mfa\u0000"],
  ["TRUSTED_PROXY_HOPS", "-1"],
  ["TRUSTED_PROXY_HOPS", "17"],
  ["TRUSTED_PROXY_HOPS", "true"],
])("%s=%j is a fault", (name, value) => {
  expect(faultsOf({ [name]: value })).toEqual([name]);
});

test.each(quotaNames)("the quota of %s has a variable with a generous default", (name) => {
  const { variable, limit } = quotas[name];
  expect(load().quotas[name]).toBe(limit);
  expect(load({ [variable]: "7" }).quotas[name]).toBe(7);
  for (const value of ["0", "-1", "many", "1.5"]) expect(faultsOf({ [variable]: value })).toEqual([variable]);
});

test("operations of one user at the same moment have a limit of their own", () => {
  expect(load().operationsPerUser).toBe(usualOperations);
  expect(load({ QUOTA_OPERATIONS: "7" }).operationsPerUser).toBe(7);
});
