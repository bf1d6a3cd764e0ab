import { expect } from "vitest";
import type { TestApp } from "../../support/test-app.ts";
import { publicErrorCodes } from "../public-error-codes.ts";
import { type Message, ProtocolSocket } from "../websocket/protocol-socket.ts";

/** The parameters of an operation, good or bad. */
export interface Operation {
  readonly query?: unknown;
  readonly variables?: unknown;
  readonly operationName?: unknown;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
}

interface PublicError {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly limit?: number; readonly requested?: number };
}

/** All that a client sees of an answer, and the errors in it. */
export interface Answer {
  readonly seen: string;
  readonly errors: readonly PublicError[];
}

/** Sends an operation as a user, and waits for the whole answer. */
type Transport = (server: TestApp, token: string, operation: Operation) => Promise<Answer>;

function errorsIn(text: string): readonly PublicError[] {
  return (JSON.parse(text) as { errors?: PublicError[] }).errors ?? [];
}

async function seenOf(response: Response): Promise<{ seen: string; body: string }> {
  const body = await response.text();
  return { seen: [response.statusText, ...[...response.headers].flat(), body].join("\n"), body };
}

/** Any POST, of which the answer is JSON. */
export async function post(server: TestApp, headers: Record<string, string>, content: string): Promise<Answer> {
  const response = await fetch(`${server.baseUrl}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: content,
  });
  const { seen, body } = await seenOf(response);
  return { seen, errors: errorsIn(body) };
}

const overHttp: Transport = (server, token, operation) =>
  post(server, { authorization: `Bearer ${token}` }, JSON.stringify(operation));

const overGet: Transport = async (server, token, operation) => {
  const parameters = Object.entries(operation).map(([name, value]) => [
    name,
    typeof value === "string" && name !== "variables" ? value : JSON.stringify(value),
  ]);
  const search = new URLSearchParams(parameters).toString();
  const headers = { authorization: `Bearer ${token}` };
  const { seen, body } = await seenOf(await fetch(`${server.baseUrl}/graphql?${search}`, { headers }));
  // A query that is too long for node:http has an answer of its own (431), which is empty.
  return { seen, errors: body === "" ? [] : errorsIn(body) };
};

const overSse: Transport = async (server, token, operation) => {
  const response = await fetch(`${server.baseUrl}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${token}` },
    body: JSON.stringify(operation),
  });
  const { seen, body } = await seenOf(response);
  const data = [...body.matchAll(/^(?:data: )?(\{.*)$/gm)].map(([, json]) => json!);
  return { seen, errors: data.flatMap(errorsIn) };
};

const overWebSocket: Transport = async (server, token, operation) => {
  await using socket = await ProtocolSocket.connect(server.baseUrl, token);
  socket.send({ type: "subscribe", id: "1", payload: operation });
  const isLast = ({ type }: Message) => type === "complete" || type === "error";
  const messages = await socket.until(isLast);
  const ending = messages.some(isLast) ? null : await socket.closed;
  const errors = messages.flatMap(({ type, payload }) =>
    type === "error" ? (payload as PublicError[]) : ((payload as { errors?: PublicError[] } | undefined)?.errors ?? []),
  );
  return { seen: JSON.stringify({ messages, ending }), errors };
};

export const transports = { HTTP: overHttp, GET: overGet, SSE: overSse, WebSocket: overWebSocket };

/** Every piece of a secret that is long enough to be recognised. */
function* pieces(secret: string): Generator<string> {
  for (let start = 0; start + 6 <= secret.length; start++) yield secret.slice(start, start + 6);
}

/** Checks that nothing of a secret can be seen, however it was escaped: its letters and digits are never escaped. */
export function expectHidden(secret: string, { seen, errors }: Answer, server: TestApp): void {
  const places = { answer: seen, log: server.logs.join("") };
  for (const piece of pieces(secret)) {
    for (const [place, text] of Object.entries(places)) {
      if (text.includes(piece)) expect.fail(`${piece} of the secret stands in the ${place}: ${text}`);
    }
  }
  for (const error of errors) {
    expect(publicErrorCodes).toContain(error.extensions?.code);
  }
}
