import { type Client, createClient, type Sink, type SubscribePayload } from "graphql-ws";

/** A socket that reconnects, however long the server is away. */
export function openSocket(url: string): Client {
  return createClient({
    url: url.replace("http", "ws"),
    // Called for each connection: fetch a token here that has not expired.
    connectionParams: () => ({ authorization: `Bearer ${process.env["TOKEN"]}` }),
    retryAttempts: Number.POSITIVE_INFINITY,
    // By default it gives up on an `error` from Node's WebSocket, for example when the server is down.
    shouldRetry: () => true,
  });
}

/**
 * Subscribes to `events`, `credentialEvents` or `sessionEvents` and misses nothing. After a lost connection, graphql-ws
 * sends the subscription again and reads `after` again, which is then the cursor of the last event.
 */
export function subscribeResuming(client: Client, payload: SubscribePayload, sink: Sink<any>): () => void {
  let after = payload.variables?.["after"];
  const variables = {
    ...payload.variables,
    get after() {
      return after;
    },
  };
  return client.subscribe<Record<string, { cursor?: string }>>(
    { ...payload, variables },
    {
      next: (result) => {
        for (const event of Object.values(result.data ?? {})) after = event.cursor ?? after;
        sink.next(result);
      },
      error: (error) => sink.error(error),
      complete: () => sink.complete(),
    },
  );
}
