import { expect, test } from "vitest";
import type { AuditTrail } from "../../src/audit/audit-trail.ts";
import type { Caller } from "../../src/callers/caller.ts";
import { RateLimitedError } from "../../src/errors/auth-error.ts";
import { Secret } from "../../src/lib/secret.ts";
import { AttemptLimits } from "../../src/rate-limits/attempt-limits.ts";
import { RateLimiter } from "../../src/rate-limits/limiter.ts";
import { rateLimitNames, type RateLimitSettings } from "../../src/rate-limits/limits.ts";
import { memoryStore } from "../../src/rate-limits/store.ts";

const alice: Caller = {
  userId: "alice",
  actor: "alice",
  scopes: new Set(),
  expiresAt: new Date(),
  ip: "203.0.113.7",
  userAgent: null,
};
const attempt = { action: "credential.authenticate", provider: "anthropic" } as const;

test("who is refused by a limit that others have used up loses next to nothing of their own", async () => {
  const none = Object.fromEntries(rateLimitNames.map((name) => [name, null])) as unknown as RateLimitSettings;
  const settings = {
    ...none,
    "authentication-user": { points: 100, seconds: 900 },
    // Less than one attempt costs.
    "authentication-ip": { points: 5, seconds: 900 },
  };
  const limiter = new RateLimiter(settings, memoryStore(), new Secret("00".repeat(32)));
  const audit = { writeFailure: () => Promise.resolve() } as unknown as AuditTrail;
  const attempts = new AttemptLimits({ limiter, audit });
  const authenticate = (caller: Caller) => attempts.authentication(caller, attempt, () => Promise.resolve("done"));
  for (let refusals = 0; refusals < 30; refusals++) {
    await expect(authenticate(alice)).rejects.toBeInstanceOf(RateLimitedError);
  }
  expect(await authenticate({ ...alice, ip: null })).toBe("done");
});
