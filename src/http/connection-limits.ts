/** How much of this process one caller may hold, for each user that it acts as. */
export interface ConnectionLimits {
  /** Open WebSockets of one user. */
  readonly socketsPerUser: number;
  /** Operations that run at the same time on one WebSocket. */
  readonly operationsPerSocket: number;
  /** Open SSE streams of one user; each is one subscription, where a socket carries many. */
  readonly streamsPerUser: number;
  /** Milliseconds that data may wait for a peer that reads nothing. */
  readonly unreadMs: number;
  /** Bytes that may wait for a WebSocket's peer before nothing more is taken from it. */
  readonly unreadBytes: number;
}

export const connectionLimits: ConnectionLimits = {
  socketsPerUser: 5,
  operationsPerSocket: 20,
  streamsPerUser: 20,
  unreadMs: 30_000,
  unreadBytes: 1_048_576,
};
