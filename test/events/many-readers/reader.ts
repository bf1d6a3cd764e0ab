import { decodeCursor } from "../../../src/events/cursor.ts";
import { EventSource } from "../../http/graphql/event-source.ts";
import { ProtocolSocket } from "../../http/websocket/protocol-socket.ts";
import { Stretch } from "./chain.ts";

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
  /** The cursor of the stream's beginning. */
  readonly start: string;
  /** Whether the database may go back, so that a cursor may expire. */
  readonly mayExpire: boolean;
}

/** Follows one user's stream over connections that are cut again and again, and notes every breach of order. */
export class Reader {
  readonly userId: string;
  /** Each begins where the reader was told that its cursor has expired, and has read its state anew. */
  readonly stretches = [new Stretch(0)];
  readonly faults: string[] = [];
  connections = 0;
  repeats = 0;
  readonly #connect: Connect;
  readonly #stage: ReaderStage;
  #noted: { readonly seq: number; readonly cursor: string };

  constructor(userId: string, transport: "WebSocket" | "SSE", stage: ReaderStage) {
    this.userId = userId;
    this.#connect = transport === "SSE" ? overSse : overWebSocket;
    this.#stage = stage;
    this.#noted = { seq: 0, cursor: stage.start };
  }

  get stretch(): Stretch {
    return this.stretches.at(-1)!;
  }

  /** Reads until `isDone`, which is asked after each event and each connection. */
  async run(isDone: () => boolean): Promise<void> {
    while (!isDone() && this.faults.length === 0) {
      await this.#read(isDone).catch(() => new Promise((resolve) => setTimeout(resolve, retryDelayMs)));
    }
  }

  async #read(isDone: () => boolean): Promise<void> {
    const { pickOrigin, token, reconnectMs } = this.#stage;
    await using connection = await this.#connect(pickOrigin(), token, this.#noted.cursor);
    this.connections += 1;
    const cut = setTimeout(() => void connection[Symbol.asyncDispose](), reconnectMs * (0.5 + Math.random()));
    try {
      let last = this.#noted.seq;
      while (!isDone()) {
        const result = await connection.next();
        if (result === null) return;
        if (this.#stage.mayExpire) {
          if (hasCode(result, "CURSOR_EXPIRED")) return await this.#beginAnew();
          // A subscription that begins while the database is away; the next one goes on from the same place.
          if (hasCode(result, "INTERNAL_SERVER_ERROR")) throw new Error("the server cannot read");
        }
        last = this.#check(result, last);
      }
    } finally {
      clearTimeout(cut);
    }
  }

  /** As a client is told to: take a cursor, read the state, and go on from there. */
  async #beginAnew(): Promise<void> {
    const { pickOrigin, token } = this.#stage;
    const response = await fetch(`${pickOrigin()}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: "{ viewer { eventCursor } }" }),
    });
    const { data } = (await response.json()) as { data: { viewer: { eventCursor: string } } };
    const cursor = data.viewer.eventCursor;
    const { seq } = decodeCursor(cursor);
    this.#noted = { seq, cursor };
    this.stretches.push(new Stretch(seq));
  }

  /** @param last the number before it on this connection @returns its own */
  #check({ data, errors }: Result, last: number): number {
    if (data == null) {
      this.faults.push(`${this.userId} after ${last}: ${JSON.stringify(errors)}`);
      return last;
    }
    const { cursor, label } = data.credentialEvents;
    const { seq } = decodeCursor(cursor);
    if (seq !== last + 1) this.faults.push(`${this.userId}: ${seq} follows ${last}`);
    else if (seq > this.stretch.end) this.stretch.add(label);
    // What comes again is what came before: a reader on another history would be told otherwise.
    else if (this.stretch.differsAt(seq, label)) this.faults.push(`${this.userId}: ${seq} came again as another event`);
    else this.repeats += 1;
    if (seq % noteEvery === 0 && seq > this.#noted.seq) this.#noted = { seq, cursor };
    return seq;
  }
}

function hasCode({ errors }: Result, code: string): boolean {
  return JSON.stringify(errors ?? null).includes(`"${code}"`);
}
