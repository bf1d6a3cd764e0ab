import { on, once } from "node:events";
import { WebSocket } from "ws";

/** A message of graphql-transport-ws. */
export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

interface SocketOptions {
  readonly protocol?: string;
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function address(baseUrl: string): string {
  return `${baseUrl.replace("http", "ws")}/graphql`;
}

/** One WebSocket whose messages a test writes and reads one by one. */
export class ProtocolSocket implements AsyncDisposable {
  /** The close code and reason, once the socket is closed. */
  readonly closed: Promise<readonly [code: number, reason: string]>;
  readonly #socket: WebSocket;
  readonly #messages: AsyncIterator<[Buffer]>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#messages = on(socket, "message", { close: ["close"] })[Symbol.asyncIterator]() as AsyncIterator<[Buffer]>;
    const { promise, resolve } = Promise.withResolvers<readonly [number, string]>();
    socket.once("close", (code, reason) => resolve([code, reason.toString()]));
    this.closed = promise;
  }

  /** Resolves once the socket is open; nothing has been sent on it then. */
  static async open(
    baseUrl: string,
    { protocol = "graphql-transport-ws", ...options }: SocketOptions = {},
  ): Promise<ProtocolSocket> {
    const socket = new WebSocket(address(baseUrl), protocol === "" ? [] : protocol, options);
    const protocolSocket = new ProtocolSocket(socket);
    await once(socket, "open");
    return protocolSocket;
  }

  /** Resolves once the server has acknowledged the connection. */
  static async connect(baseUrl: string, token: string, params: object = {}): Promise<ProtocolSocket> {
    const socket = await ProtocolSocket.open(baseUrl);
    socket.send({ type: "connection_init", payload: { authorization: `Bearer ${token}`, ...params } });
    const { type } = await socket.next();
    if (type !== "connection_ack") throw new Error(`${type} instead of connection_ack`);
    return socket;
  }

  send(message: Message | string): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  subscribe(id: string, operation: { toString(): string }, variables: object = {}): void {
    this.send({ type: "subscribe", id, payload: { query: operation.toString(), variables } });
  }

  /** Reads nothing more from the network until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** What was sent and has not left this process. */
  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** The next message, pings of the protocol left out. */
  async next(): Promise<Message> {
    const { value, done } = await this.#messages.next();
    if (done === true) throw new Error(`closed instead of a message: ${(await this.closed).join(" ")}`);
    return JSON.parse(value[0].toString()) as Message;
  }

  /** All messages up to the one that is waited for, or up to the end of the socket. */
  async until(isLast: (message: Message) => boolean): Promise<Message[]> {
    const messages: Message[] = [];
    for (let next = await this.#messages.next(); next.done !== true; next = await this.#messages.next()) {
      const message = JSON.parse(next.value[0].toString()) as Message;
      messages.push(message);
      if (isLast(message)) break;
    }
    return messages;
  }

  /** All messages that come before the socket closes. */
  async rest(): Promise<Message[]> {
    return this.until(() => false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }
}

/** The HTTP status by which an upgrade is refused. */
export async function upgradeStatus(url: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws", { headers });
  const [request, response] = (await once(socket, "unexpected-response")) as [
    { destroy(): void },
    { statusCode: number },
  ];
  request.destroy();
  return response.statusCode;
}
