import { expect, test } from "vitest";
import { TokenFamilies, type RefreshOutcome } from "./token-families.ts";

function families(lifetimes: { accessTokenLifetime?: number; refreshGrace?: number } = {}) {
  const clock = { now: 1_000_000 };
  return {
    clock,
    families: new TokenFamilies({ accessTokenLifetime: 60, refreshGrace: 0, ...lifetimes }, () => clock.now),
  };
}

function tokensOf(outcome: RefreshOutcome) {
  if (outcome.kind === "reused" || outcome.kind === "unknown") throw new Error(`the token was ${outcome.kind}`);
  return outcome.tokens;
}

test("a refresh token is for one use; a second ends its family", () => {
  const { families: all } = families();
  const [first, other] = [all.mint("alice"), all.mint("bob")];
  const second = tokensOf(all.refresh(first.refreshToken));
  expect([first, second].map(({ refreshToken }) => all.isCurrent(refreshToken))).toEqual([false, true]);
  expect(all.refresh(first.refreshToken)).toEqual({ kind: "reused" });
  expect(all.isCurrent(second.refreshToken)).toBe(false);
  expect(all.has(second.accessToken)).toBe(false);
  expect(all.refresh(second.refreshToken)).toEqual({ kind: "unknown" });
  expect(all.isCurrent(other.refreshToken)).toBe(true);
});

test("within the grace the answer comes again, unless what it brought was used", () => {
  const { families: all, clock } = families({ refreshGrace: 10 });
  const first = all.mint("alice");
  const second = tokensOf(all.refresh(first.refreshToken));
  clock.now += 9_999;
  expect(all.refresh(first.refreshToken)).toEqual({ kind: "repeated", tokens: second });
  all.refresh(second.refreshToken);
  expect(all.refresh(first.refreshToken)).toEqual({ kind: "reused" });
});

test("after the grace a second use is a reuse", () => {
  const { families: all, clock } = families({ refreshGrace: 10 });
  const { refreshToken } = all.mint("alice");
  all.refresh(refreshToken);
  clock.now += 10_000;
  expect(all.refresh(refreshToken)).toEqual({ kind: "reused" });
});

test("an access token lives its time, through a refresh too", () => {
  const { families: all, clock } = families({ accessTokenLifetime: 60 });
  const { accessToken, refreshToken, expiresIn } = all.mint("alice");
  expect(expiresIn).toBe(60);
  all.refresh(refreshToken);
  clock.now += 59_999;
  expect(all.has(accessToken)).toBe(true);
  clock.now += 1;
  expect(all.has(accessToken)).toBe(false);
});

test.each(["accessToken", "refreshToken"] as const)("revoking its %s ends a family", (kind) => {
  const { families: all } = families();
  const tokens = all.mint("alice");
  all.revoke(tokens[kind]);
  expect(all.isCurrent(tokens.refreshToken)).toBe(false);
  expect(all.has(tokens.accessToken)).toBe(false);
});

test("one kind of token is not taken for the other, nor a stranger's for one's own", () => {
  const { families: all } = families();
  const { accessToken, refreshToken } = all.mint("alice");
  const stranger = families().families.mint("alice");
  expect(all.refresh(accessToken)).toEqual({ kind: "unknown" });
  expect(all.refresh(stranger.refreshToken)).toEqual({ kind: "unknown" });
  expect(all.has(refreshToken)).toBe(false);
  expect(all.isCurrent(refreshToken)).toBe(true);
});
