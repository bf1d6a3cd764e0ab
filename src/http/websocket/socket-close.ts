/**
 * The closes that this server adds to those of graphql-transport-ws, each a code and a reason. All are 1013, "Try
 * Again Later" in the registry of RFC 6455: clients of the protocol then come back after a while, where they would take
 * 4429 (its "Too many initialisation requests") for a fault of their own and give up. Sockets that a broken network has
 * left behind hold their places for some seconds.
 */
export const SocketClose = {
  TooManySockets: (limit: number) =>
    [1013, `Too many sockets: this user has ${limit} open here, which is the limit.`] as const,
  TooManyWaiting: (limit: number) =>
    [1013, `Too many sockets wait to be initialised: ${limit} is the limit. Come back in a moment.`] as const,
  /** @param waitMs milliseconds */
  Unread: (waitMs: number) =>
    [1013, `Too slow: data has waited for ${waitMs / 1_000} s. Subscribe again after your last cursor.`] as const,
  /** @param retryAfter seconds */
  TooManyFailedTokens: (retryAfter: number) =>
    [1013, `Too many tokens from this address are not valid. Come back in ${retryAfter} s with a new one.`] as const,
};
