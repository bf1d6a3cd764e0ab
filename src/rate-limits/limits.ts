/** So many points in a window of so many seconds, which begins with the first of them. */
export interface RateLimit {
  readonly points: number;
  readonly seconds: number;
}

interface RateLimitRule extends RateLimit {
  /** Points that one attempt takes; an attempt that did no harm gives all but one back. */
  readonly cost: number;
  /** What there are too many of, for the message. */
  readonly attempts: string;
}

/**
 * Every limit and its default. An attempt to authenticate takes 6 points until its outcome is known, and one that found
 * no wrong credential keeps only one: a user may fail 10 times or succeed 55 times in five minutes. An address has ten
 * times as much as a user, since offices and mobile networks share one, and a provider a hundred times: that limit
 * keeps the provider from taking this server for an attacker.
 */
export const rateLimits = {
  "authentication-user": {
    points: 60,
    seconds: 300,
    cost: 6,
    attempts: "attempts to connect or check a credential for this user",
  },
  "authentication-ip": {
    points: 600,
    seconds: 300,
    cost: 6,
    attempts: "attempts to connect or check a credential from this address",
  },
  "authentication-provider": {
    points: 6_000,
    seconds: 300,
    cost: 6,
    attempts: "attempts to connect or check a credential at this provider, by all users together",
  },
  "oauth-start-user": { points: 30, seconds: 600, cost: 1, attempts: "OAuth flows started for this user" },
  "oauth-start-ip": { points: 300, seconds: 600, cost: 1, attempts: "OAuth flows started from this address" },
  "unknown-callback-ip": {
    points: 100,
    seconds: 300,
    cost: 1,
    attempts: "OAuth callbacks of unknown flows from this address",
  },
  "failed-token-ip": { points: 100, seconds: 300, cost: 1, attempts: "invalid tokens from this address" },
  "refresh-user": { points: 60, seconds: 60, cost: 1, attempts: "refreshes requested by this user" },
  "rejected-credential": {
    points: 1,
    seconds: 10,
    cost: 1,
    attempts: "refreshes of this credential after a rejected grant",
  },
  "session-start-user": { points: 300, seconds: 600, cost: 1, attempts: "sessions started for this user" },
  "change-user": { points: 300, seconds: 60, cost: 1, attempts: "changes by this user" },
} as const satisfies Readonly<Record<string, RateLimitRule>>;

export type RateLimitName = keyof typeof rateLimits;

export const rateLimitNames = Object.keys(rateLimits) as RateLimitName[];

/** What an operator has decided; null switches a limit off. */
export type RateLimitSettings = Readonly<Record<RateLimitName, RateLimit | null>>;
