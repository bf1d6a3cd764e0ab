import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";

/** A TCP connection to a server, for what no HTTP client would send. It stays half open until it is disposed. */
export class RawConnection implements AsyncDisposable {
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  static async open(baseUrl: string): Promise<RawConnection> {
    const { hostname, port } = new URL(baseUrl);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  /** Writes the lines of a request's head, and after it a body. */
  write(lines: readonly string[], body = ""): void {
    this.socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  }

  /** What the server sends next. */
  async next(): Promise<string> {
    const [chunk] = (await once(this.socket, "data")) as [Buffer];
    return chunk.toString();
  }

  /** Everything that the server sends until it ends its side. */
  async received(): Promise<string> {
    return text(this.socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return;
    this.socket.destroy();
    await once(this.socket, "close");
  }
}
