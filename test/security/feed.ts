import { EventSource } from "../http/graphql/event-source.ts";
import { ProtocolSocket } from "../http/websocket/protocol-socket.ts";

/** Many subscriptions of one user, and all that has come for each so far. */
export interface Feed extends AsyncDisposable {
  readonly came: ReadonlyMap<string, readonly unknown[]>;
  subscribe(name: string, query: string, variables?: object): Promise<void>;
}

class Collected {
  readonly came = new Map<string, unknown[]>();

  add(name: string, message: unknown): void {
    this.came.set(name, [...(this.came.get(name) ?? []), message]);
  }
}

/** One WebSocket for all of them. */
async function openSocketFeed(baseUrl: string, token: string): Promise<Feed> {
  const socket = await ProtocolSocket.connect(baseUrl, token);
  const collected = new Collected();
  const reading = socket.until(({ id = "", type, payload }) => {
    collected.add(id, { type, payload });
    return false;
  });
  return {
    came: collected.came,
    subscribe: async (name, query, variables = {}) => socket.subscribe(name, query, variables),
    [Symbol.asyncDispose]: async () => {
      await socket[Symbol.asyncDispose]();
      await reading;
    },
  };
}

/** A response of server-sent events for each of them. */
async function openEventFeed(baseUrl: string, token: string): Promise<Feed> {
  const collected = new Collected();
  const sources: EventSource[] = [];
  const read = async (name: string, source: EventSource) => {
    for (let event = await source.next(); event !== null; event = await source.next()) collected.add(name, event);
  };
  return {
    came: collected.came,
    subscribe: async (name, query, variables = {}) => {
      const source = await EventSource.open(baseUrl, token, query, { variables });
      sources.push(source);
      // Cut at the end.
      read(name, source).catch(() => {});
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(sources.map((source) => source[Symbol.asyncDispose]()));
    },
  };
}

export const feeds = { WebSocket: openSocketFeed, SSE: openEventFeed };
