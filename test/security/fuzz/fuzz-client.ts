import { connect } from "node:net";
import { Client } from "undici";
import type { FuzzRequest } from "./fuzz-request.ts";
import type { FuzzServer } from "./fuzz-server.ts";
import { FuzzSockets } from "./fuzz-sockets.ts";
import { judgeHttp, judgeRaw, type Outcome } from "./judge.ts";

/** Milliseconds after which an answer is missing. */
const answerTimeoutMs = 30_000;
/** Milliseconds for which a subscription may be silent before it is taken for one that goes on. */
const silenceMs = 30;
/** Milliseconds after which nothing more is expected of a raw connection. */
const rawSilenceMs = 400;

type HttpRequest = Extract<FuzzRequest, { via: "http" | "sse" }>;

/** Sends whatever it is given, over connections that are kept, and judges what comes back. */
export class FuzzClient implements AsyncDisposable {
  readonly #server: FuzzServer;
  readonly #idle: Client[];
  readonly #all: readonly Client[];
  readonly #sockets: FuzzSockets;

  constructor(server: FuzzServer, connections: number) {
    this.#server = server;
    const timeouts = { headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs };
    this.#all = Array.from({ length: connections }, () => new Client(server.origin, timeouts));
    this.#idle = [...this.#all];
    this.#sockets = new FuzzSockets(server);
  }

  async send(request: FuzzRequest): Promise<Outcome> {
    switch (request.via) {
      case "raw":
        return this.#sendRaw(request.data);
      case "frame":
        return this.#sockets.sendFrame(request.data);
      case "socket":
        return this.#sockets.operate(request.payload, request.user);
      default: {
        // There are as many as requests at the same time.
        const client = this.#idle.pop()!;
        try {
          return await this.#sendHttp(client, request);
        } finally {
          this.#idle.push(client);
        }
      }
    }
  }

  async #sendHttp(client: Client, { via, body, headers, user }: HttpRequest): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    let [status, type, text] = [0, "", ""];
    const finish = () => resolve(judgeHttp(status, type, text));
    const all = {
      "content-type": "application/json",
      accept: via === "sse" ? "text/event-stream" : "application/json",
      authorization: `Bearer ${this.#server.tokens[user]}`,
      ...headers,
    };
    client.dispatch(
      { method: "POST", path: "/graphql", headers: all, body },
      {
        onRequestStart: () => {},
        onResponseStart: (controller, statusCode, received) => {
          status = statusCode;
          type = String(received["content-type"] ?? "");
          if (type.startsWith("text/event-stream"))
            setTimeout(() => controller.abort(new Error("heard enough")), silenceMs);
        },
        onResponseData: (_controller, chunk) => (text += chunk.toString()),
        onResponseEnd: finish,
        onResponseError: (_controller, error) => {
          if (error.message === "heard enough") finish();
          else resolve({ kind: "http, no answer", complaint: `${error.name}: ${error.message}` });
        },
      },
    );
    return promise;
  }

  async #sendRaw(data: string): Promise<Outcome> {
    const { hostname, port } = new URL(this.#server.origin);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const socket = connect({ host: hostname, port: Number(port) });
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    socket.on("error", () => {});
    // Half a request is waited for by the server, and so is nothing more by this side.
    socket.setTimeout(rawSilenceMs, () => socket.destroy());
    socket.once("close", () => resolve(judgeRaw(answer)));
    socket.write(Buffer.from(data));
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()));
    this.#sockets[Symbol.dispose]();
  }
}
