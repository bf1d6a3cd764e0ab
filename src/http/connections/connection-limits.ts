/** How much of this process one side may hold: a caller for each user that it acts as, or a network of unknown ones. */
export interface ConnectionLimits {
  /** Open WebSockets of one user. */
  readonly socketsPerUser: number;
  /** Operations that run at the same time on one WebSocket. */
  readonly operationsPerSocket: number;
  /** Open SSE streams of one user; each is one subscription, where a socket carries many. */
  readonly streamsPerUser: number;
  /** Requests of one user whose bodies are large, or of unknown length, and still on their way. */
  readonly bodiesPerUser: number;
  /** Requests on one connection that wait for their answers. */
  readonly pipelinedRequests: number;
  /** Connections from one network on which no good token was seen yet. */
  readonly unknownPerNetwork: number;
  /** The same from all networks together. */
  readonly unknownInAll: number;
  /** WebSockets from one network whose caller is not known yet. */
  readonly waitingSocketsPerNetwork: number;
  /** The same from all networks together. */
  readonly waitingSocketsInAll: number;
  /** Milliseconds that a request's body may take. */
  readonly bodyMs: number;
  /** Milliseconds that data may wait for a peer that reads nothing. */
  readonly unreadMs: number;
  /** Bytes that may wait for a WebSocket's peer before nothing more is taken from it. */
  readonly unreadBytes: number;
}

export const connectionLimits: ConnectionLimits = {
  socketsPerUser: 5,
  operationsPerSocket: 20,
  streamsPerUser: 20,
  bodiesPerUser: 100,
  pipelinedRequests: 8,
  unknownPerNetwork: 500,
  unknownInAll: 2_000,
  waitingSocketsPerNetwork: 100,
  waitingSocketsInAll: 1_000,
  bodyMs: 10_000,
  unreadMs: 30_000,
  unreadBytes: 1_048_576,
};

/** What an operator can change, by the names of CONNECTION_LIMITS. */
export const connectionLimitNames = {
  "sockets-per-user": "socketsPerUser",
  "operations-per-socket": "operationsPerSocket",
  "streams-per-user": "streamsPerUser",
  "bodies-per-user": "bodiesPerUser",
  "unknown-per-network": "unknownPerNetwork",
  "unknown-in-all": "unknownInAll",
  "waiting-sockets-per-network": "waitingSocketsPerNetwork",
  "waiting-sockets-in-all": "waitingSocketsInAll",
} as const satisfies Readonly<Record<string, keyof ConnectionLimits>>;

/** What HTTP requests and WebSocket messages may hold, beside the limits of `ConnectionLimits`. */
export const requestBounds = {
  bodyBytes: 100_000,
  /** A body that says it is no longer is not counted among those on their way: most come right behind their head. */
  smallBodyBytes: 16_384,
  /** A network delivers a body of 100 kB in some 190 packets at worst; clients that stream JSON write larger pieces. */
  bodyPieces: 1_024,
  headerBytes: 16_384,
  headers: 100,
  messageBytes: 65_536,
  /** Clients of graphql-transport-ws send a message in one frame. */
  messageFragments: 16,
  /** Reads from the network that a message may take. */
  messagePieces: 256,
  /** All that a WebSocket may bring before its caller is known: `connection_init` with a token of at most 8 kB. */
  waitingBytes: 16_384,
  waitingPieces: 64,
} as const;
