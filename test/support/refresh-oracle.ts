/** What a sign-in brings: the first tokens of a new family. */
export interface MintedTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** What an authorization server has seen of refreshes. */
export interface RefreshCounts {
  /** Requests with `grant_type=refresh_token` that arrived, whatever became of them. */
  readonly refreshes: number;
  /** Those that brought new tokens, or the same again within the grace; whether the caller got to read them or not. */
  readonly successes: number;
  /**
   * Uses of a refresh token that had been used before. Each ended its family, so there is at most one for each family:
   * of a dead family every token is simply unknown.
   */
  readonly reuses: number;
}

/**
 * An authorization server's own view of its token families: the refresh tokens that came one from another, beginning
 * with a sign-in. Each is for one use, and a second use ends its family (RFC 9700, section 4.14.2).
 */
export interface RefreshOracle extends RefreshCounts {
  /** A new family, as if this user had signed in. */
  mint(user: string): Promise<MintedTokens>;
  /** Whether this refresh token would be accepted now: it is its family's newest, and the family lives. */
  isCurrent(refreshToken: string): Promise<boolean>;
  /**
   * Awaited when a refresh token has been used up, and before a byte of the answer is written: the moment at which a
   * caller may be killed. A repeated answer does not come here.
   */
  afterRotation: ((refreshToken: string) => void | Promise<void>) | null;
}
