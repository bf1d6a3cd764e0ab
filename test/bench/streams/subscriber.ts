import { once } from "node:events";
import { WebSocket } from "ws";
import { userScopes } from "../../../src/callers/scope.ts";
import { signToken } from "../../../src/callers/token-verifier.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { now } from "./stream-process.ts";

/** What every server of these benches gets. */
export const environment = {
  NODE_ENV: "production",
  HOST: "127.0.0.1",
  PORT: "0",
  LOG_LEVEL: "error",
  AUTH_JWT_SECRET: "a secret for benches, at least 32 bytes",
  CREDENTIAL_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
};

/** Milliseconds; far more than a server needs. */
const settleMs = 1_000;
const query = "subscription { credentialEvents { __typename cursor occurredAt label } }";
const { callerTokens } = loadConfig([], environment);

/** One socket with one subscription of a user's events. */
export class Subscriber {
  readonly #socket: WebSocket;
  #waiting: ((at: number) => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("message", (message: Buffer) => {
      if (!message.includes('"type":"next"')) return;
      const at = now();
      for (const resolve of this.#waiting.splice(0)) resolve(at);
    });
  }

  /** Resolves once the subscription is sent; `settle` waits until it is in place. */
  static async connect(origin: string, userId: string): Promise<Subscriber> {
    if (callerTokens.kind !== "secret") throw new TypeError("the bench signs its tokens itself");
    const claims = { subject: userId, scopes: userScopes, lifetime: 12 * 3600 };
    const authorization = `Bearer ${await signToken(callerTokens, claims, systemClock)}`;
    const socket = new WebSocket(`${origin.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    await once(socket, "open");
    const subscriber = new Subscriber(socket);
    const acknowledged = once(socket, "message");
    socket.send(JSON.stringify({ type: "connection_init", payload: { authorization } }));
    await acknowledged;
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
    return subscriber;
  }

  /** When the next event arrives, by `now`. */
  async next(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** Reads nothing more from the network until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads on. @returns the code by which the server closes, or has closed, the socket */
  async resume(): Promise<number> {
    const closed = once(this.#socket, "close");
    this.#socket.resume();
    const [code] = (await closed) as [number];
    return code;
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** Gives subscriptions that were just sent the time to be in place. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
}
