import { viewerQuery } from "../client/operations.ts";
import type { TestApp } from "../support/test-app.ts";
import { ProtocolSocket } from "./websocket/protocol-socket.ts";

/** An operation with what its caller shows of itself. */
export interface CallerRequest {
  readonly authorization?: string | undefined;
  readonly onBehalfOf?: string;
  readonly query?: string;
  readonly variables?: object;
}

/** What a server says: a result, or why it has not even looked at the operation. */
export interface CallerAnswer {
  /** The HTTP status, or 4403 and the like where a socket was closed. */
  readonly status: number;
  /** The result as JSON, or the words of the refusal. */
  readonly text: string;
}

export interface CallerTransport {
  readonly name: "HTTP" | "SSE" | "WebSocket";
  readonly send: (server: Pick<TestApp, "baseUrl">, request: CallerRequest) => Promise<CallerAnswer>;
}

function overHttp(accept: string): CallerTransport["send"] {
  return async ({ baseUrl }, { authorization, onBehalfOf, query = viewerQuery.toString(), variables = {} }) => {
    const response = await fetch(`${baseUrl}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept,
        ...(authorization === undefined ? {} : { authorization }),
        ...(onBehalfOf === undefined ? {} : { "x-on-behalf-of": onBehalfOf }),
      },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    if (response.ok) return { status: response.status, text };
    const { errors } = JSON.parse(text) as { errors: [{ message: string }] };
    return { status: response.status, text: errors[0].message };
  };
}

const overWebSocket: CallerTransport["send"] = async (
  { baseUrl },
  { authorization, onBehalfOf, query = viewerQuery.toString(), variables = {} },
) => {
  await using socket = await ProtocolSocket.open(baseUrl);
  socket.send({ type: "connection_init", payload: { authorization, "x-on-behalf-of": onBehalfOf } });
  const [first] = await socket.until(() => true);
  if (first?.type !== "connection_ack") {
    const [status, text] = await socket.closed;
    return { status, text };
  }
  socket.send({ type: "subscribe", id: "1", payload: { query, variables } });
  const messages = await socket.until(({ type }) => type === "complete" || type === "error");
  return { status: 200, text: JSON.stringify(messages[0]?.payload) };
};

/** Every way in. What holds of callers holds on each of them. */
export const callerTransports: readonly CallerTransport[] = [
  { name: "HTTP", send: overHttp("application/json") },
  { name: "SSE", send: overHttp("text/event-stream") },
  { name: "WebSocket", send: overWebSocket },
];
