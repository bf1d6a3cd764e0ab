import { decodeCursor, encodeCursor } from "../../../src/events/cursor.ts";
import { EventSource } from "../../http/event-source.ts";
import { ProtocolSocket } from "../../http/protocol-socket.ts";
import { EventChain } from "./chain.ts";

const subscription = "subscription ($after: String) { credentialEvents(after: $after) { cursor label } }";
/** A reader notes its place this often, as an application does that writes it to a disk: what follows comes again. */
const noteEvery = 5;
const retryDelayMs = 200;

interface Result {
  readonly data?: { readonly credentialEvents: { readonly cursor: string; readonly label: string } } | null;
  readonly errors?: unknown;
}

/** One open subscription: its results, until it is cut. */
interface Connection extends AsyncDisposable {
  /** Null at the end; rejects when the connection breaks. */
  next(): Promise<Result | null>;
}

type Connect = (origin: string, token: string, after: string) => Promise<Connection>;

const overWebSocket: Connect = async (origin, token, after) => {
  const socket = await ProtocolSocket.connect(origin, token);
  socket.subscribe("1", subscription, { after });
  return {
    next: async () => {
      const { type, payload } = await socket.next();
      return type === "complete" ? null : type === "next" ? (payload as Result) : { errors: payload };
    },
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  };
};

const overSse: Connect = async (origin, token, after) => {
  const events = await EventSource.open(origin, token, subscription, { variables: { after } });
  return {
    next: async () => {
      const [name, data] = (await events.next()) ?? [];
      return name === "next" ? (data as Result) : null;
    },
    [Symbol.asyncDispose]: () => events[Symbol.asyncDispose](),
  };
};

/** What a reader needs to know of the servers. */
export interface ReaderStage {
  readonly token: string;
  /** A server of those that run, or did a moment ago. */
  readonly pickOrigin: () => string;
  /** Milliseconds after which a connection is cut, on average. */
  readonly reconnectMs: number;
}

/** Follows one user's stream over connections that are cut again and again, and notes every breach of order. */
export class Reader {
  readonly userId: string;
  readonly chain = new EventChain();
  readonly faults: string[] = [];
  connections = 0;
  repeats = 0;
  readonly #connect: Connect;
  readonly #stage: ReaderStage;
  #noted = 0;

  constructor(userId: string, transport: "WebSocket" | "SSE", stage: ReaderStage) {
    this.userId = userId;
    this.#connect = transport === "SSE" ? overSse : overWebSocket;
    this.#stage = stage;
  }

  /** Reads until `isDone`, which is asked after each event and each connection. */
  async run(isDone: () => boolean): Promise<void> {
    while (!isDone() && this.faults.length === 0) {
      await this.#read(isDone).catch(() => new Promise((resolve) => setTimeout(resolve, retryDelayMs)));
    }
  }

  async #read(isDone: () => boolean): Promise<void> {
    const { pickOrigin, token, reconnectMs } = this.#stage;
    await using connection = await this.#connect(pickOrigin(), token, encodeCursor(this.#noted));
    this.connections += 1;
    const cut = setTimeout(() => void connection[Symbol.asyncDispose](), reconnectMs * (0.5 + Math.random()));
    try {
      let last = this.#noted;
      while (!isDone()) {
        const result = await connection.next();
        if (result === null) return;
        last = this.#check(result, last);
      }
    } finally {
      clearTimeout(cut);
    }
  }

  /** @param last the number before it on this connection @returns its own */
  #check({ data, errors }: Result, last: number): number {
    if (data == null) {
      this.faults.push(`${this.userId} after ${last}: ${JSON.stringify(errors)}`);
      return last;
    }
    const { cursor, label } = data.credentialEvents;
    const seq = decodeCursor(cursor);
    if (seq !== last + 1) this.faults.push(`${this.userId}: ${seq} follows ${last}`);
    else if (seq <= this.chain.seq) this.repeats += 1;
    else this.chain.add(label);
    if (seq % noteEvery === 0) this.#noted = Math.max(this.#noted, seq);
    return seq;
  }
}
