import { expect, test } from "vitest";
import type { ProviderAuth } from "../../src/providers/provider-auth.ts";
import type { RefreshState } from "../../src/refresh/lease.ts";
import { postponement } from "../../src/refresh/postponement.ts";

const provider = { displayName: "Acme" } as ProviderAuth;

const state: RefreshState = {
  tokenVersion: 1,
  leaseEpoch: 1,
  status: "active",
  statusReason: "Acme gave no usable answer (status 503).",
  label: "default",
  leaseMs: null,
  nextTryMs: 9_500,
  replayMs: null,
  earliestMs: null,
  isSent: false,
  failCount: 1,
};

test.each([
  ["a lease", { leaseMs: 5_000, isSent: true, replayMs: 60_000 }, 1, "A refresh at Acme is in progress."],
  ["an unknown outcome", { isSent: true, replayMs: 60_000, earliestMs: 90_000 }, 60, "The outcome of the last refresh"],
  ["the provider's own time", { earliestMs: 90_000, isSent: true, replayMs: -1 }, 90, "Acme allows no refresh yet."],
  ["a failure", { leaseMs: -1, earliestMs: -1 }, 10, "Acme gave no usable answer (status 503)."],
  ["a failure whose time has come", { nextTryMs: -5_000 }, 1, "Acme gave no usable answer (status 503)."],
  ["no known reason", { statusReason: null }, 10, "The refresh at Acme must wait."],
])("%s says why a renewal has to wait, and for how long", (_name, changes, retryAfter, words) => {
  const refusal = postponement(provider, { ...state, ...changes });
  expect(refusal).toMatchObject({ code: "PROVIDER_UNAVAILABLE", failure: "withheld", retryAfter });
  expect(refusal.message).toContain(words);
  expect(refusal.message).toContain(`in ${retryAfter} s.`);
});

test("a time that is very far away is told as the longest that an Int of GraphQL can hold", () => {
  expect(postponement(provider, { ...state, nextTryMs: 1e15 }).retryAfter).toBe(2_147_483_647);
});
