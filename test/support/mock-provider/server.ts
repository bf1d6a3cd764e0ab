import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { send, type Answer } from "./answer.ts";
import { fail, type Fault } from "./fault.ts";
import type { Call, WireFormat } from "./wire-format.ts";

/** A request as it came in; `path` has the query, and `body` is empty until it has been read. */
interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly at: Date;
  readonly body: string;
}

/** A server that can be told to fail. */
export interface MockServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly baseUrl: string;
  /** Everything received, answered or not, the oldest first. */
  readonly requests: readonly ReceivedRequest[];
  /** Makes one answer faulty: the next that no earlier call of `next` has taken. It goes before `always`. */
  next(fault: Fault): void;
  /** Makes all answers faulty, until null makes them good again. */
  always(fault: Fault | null): void;
}

/** Listens on a free port of 127.0.0.1; disposing it cuts all connections, those of waiting callers too. */
export async function startServer(answer: (call: Call) => Answer, error: WireFormat["error"]): Promise<MockServer> {
  const requests: ReceivedRequest[] = [];
  const upcoming: Fault[] = [];
  let standing: Fault | null = null;

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = incoming;
    const request = { method, path, headers, at: new Date(), body: "" };
    requests.push(request);
    const fault = upcoming.shift() ?? standing;

    const body = await text(incoming).catch(() => null);
    // The caller hung up before its request was whole.
    if (body === null) return;
    request.body = body;

    if (fault !== null && fault.kind !== "slow") return fail(response, fault, error);
    if (fault !== null) await delay(fault.ms, undefined, { ref: false });
    send(response, answer({ method, url: new URL(baseUrl + path), headers, body }));
  }

  const server = createServer((incoming, response) => void handle(incoming, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    baseUrl,
    requests,
    next: (fault) => void upcoming.push(fault),
    always: (fault) => void (standing = fault),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
