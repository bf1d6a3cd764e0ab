import { once } from "node:events";
import { WebSocket } from "ws";
import { assertJsonBounds, JsonBoundsError, operationJson } from "../../../src/lib/json-bounds.ts";
import type { FuzzServer } from "./fuzz-server.ts";
import { judgeClose, judgeMessages, type Outcome } from "./judge.ts";

const silenceMs = 30;
const answerTimeoutMs = 30_000;
/** Below what the server takes in one frame. */
const maxSharedBytes = 60_000;
/** Below what the server lets run at the same time on one socket. */
const operationsPerSocket = 15;

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** One socket that many operations share. */
class SharedSocket {
  readonly socket: WebSocket;
  readonly #running = new Map<string, { readonly messages: Message[]; readonly finish: (outcome?: Outcome) => void }>();
  #count = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Message));
    socket.once("close", (code, reason) => {
      const closed = judgeClose(code, reason.toString());
      for (const { finish } of this.#running.values())
        finish({ ...closed, complaint: `a good socket was closed with ${code}` });
    });
  }

  get load(): number {
    return this.#running.size;
  }

  #receive(message: Message): void {
    const running = this.#running.get(message.id ?? "");
    if (running === undefined) return;
    running.messages.push(message);
    if (message.type === "complete" || message.type === "error") running.finish();
  }

  async operate(payload: object): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const id = String(this.#count++);
    const messages: Message[] = [];
    const mayGoOn = "query" in payload && String(payload.query).includes("subscription");
    const finish = (outcome = judgeMessages(messages)) => {
      clearTimeout(timer);
      this.#running.delete(id);
      resolve(outcome);
    };
    const timer = setTimeout(
      () => {
        this.socket.send(JSON.stringify({ type: "complete", id }));
        finish(mayGoOn ? undefined : { kind: "socket, no answer", complaint: "no answer has come" });
      },
      mayGoOn ? silenceMs : answerTimeoutMs,
    );
    this.#running.set(id, { messages, finish });
    this.socket.send(JSON.stringify({ type: "subscribe", id, payload }));
    return promise;
  }
}

/** What the protocol lets a `subscribe` say; anything else ends its socket, and takes the other operations along. */
function isWellFormed(payload: unknown): payload is object {
  if (typeof payload !== "object" || payload === null) return false;
  const { query, variables, operationName, extensions } = payload as Record<string, unknown>;
  const isMap = (value: unknown) => value == null || (typeof value === "object" && !Array.isArray(value));
  const isName = operationName == null || typeof operationName === "string";
  return typeof query === "string" && isMap(variables) && isMap(extensions) && isName;
}

/** Whether the server takes a message with this JSON; one that it does not take ends its socket. */
function isWithinBounds(text: string): boolean {
  try {
    assertJsonBounds(text, operationJson);
    return true;
  } catch (error) {
    if (error instanceof JsonBoundsError) return false;
    throw error;
  }
}

/** Sockets that operations share, and others that each garbage has to itself. */
export class FuzzSockets implements Disposable {
  readonly #server: FuzzServer;
  #shared: SharedSocket[] = [];
  #opening: Promise<SharedSocket> | null = null;

  constructor(server: FuzzServer) {
    this.#server = server;
  }

  async #open(user: number): Promise<WebSocket> {
    const socket = new WebSocket(`${this.#server.origin.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    socket.on("error", () => {});
    await once(socket, "open");
    const payload = { authorization: `Bearer ${this.#server.tokens[user]}` };
    socket.send(JSON.stringify({ type: "connection_init", payload }));
    await once(socket, "message");
    return socket;
  }

  async #free(user: number): Promise<SharedSocket> {
    for (;;) {
      this.#shared = this.#shared.filter(({ socket }) => socket.readyState === WebSocket.OPEN);
      const free = this.#shared.find(({ load }) => load < operationsPerSocket);
      if (free !== undefined) return free;
      this.#opening ??= this.#open(user).then((socket) => {
        const shared = new SharedSocket(socket);
        this.#shared.push(shared);
        this.#opening = null;
        return shared;
      });
      await this.#opening;
    }
  }

  async operate(payload: unknown, user: number): Promise<Outcome> {
    const text = JSON.stringify({ type: "subscribe", id: "1", payload });
    if (!isWellFormed(payload) || Buffer.byteLength(text) > maxSharedBytes || !isWithinBounds(text)) {
      return this.sendFrame(text);
    }
    return (await this.#free(user)).operate(payload);
  }

  /** Anything at all, as one frame. A ping behind it tells whether the socket has lived through it. */
  async sendFrame(data: string): Promise<Outcome> {
    const socket = await this.#open(0);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const messages: Message[] = [];
    const timer = setTimeout(() => {
      resolve({ kind: "frame, no answer", complaint: "neither an answer nor a close has come" });
    }, answerTimeoutMs);
    socket.on("message", (answer: Buffer) => {
      const message = JSON.parse(answer.toString()) as Message;
      if (message.type === "pong") resolve(judgeMessages(messages));
      else messages.push(message);
    });
    socket.once("close", (code, reason) => resolve(judgeClose(code, reason.toString())));
    socket.send(data);
    socket.send('{"type":"ping"}');
    const outcome = await promise;
    clearTimeout(timer);
    socket.terminate();
    return outcome.kind.startsWith("socket closed") ? outcome : { ...outcome, kind: `frame, ${outcome.kind}` };
  }

  [Symbol.dispose](): void {
    for (const { socket } of this.#shared) socket.terminate();
  }
}
