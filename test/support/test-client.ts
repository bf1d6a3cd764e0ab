import { EventSourceParserStream } from "eventsource-parser/stream";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { TypedDocumentString } from "../client/gql/graphql.ts";

interface Result<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly string[];
    readonly extensions: { readonly code: string };
  }[];
}

/** An open subscription; `next` waits for a result as long as the test may take. */
interface Subscription<Data> extends AsyncDisposable {
  next(): Promise<Result<Data>>;
}

/** Sends typed operations to a server over each of its transports, as one user. */
export class TestClient {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(baseUrl: string, token: string, headers: Readonly<Record<string, string>> = {}) {
    this.url = `${baseUrl}/graphql`;
    this.#headers = { authorization: `Bearer ${token}`, ...headers };
  }

  /** A POST, and the HTTP response as it is. */
  async post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(this.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...this.#headers, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  async send<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables?: Variables,
  ): Promise<Result<Data>> {
    const response = await this.post({ query: document.toString(), variables });
    return (await response.json()) as Result<Data>;
  }

  /** The data of an operation that must succeed. */
  async execute<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables?: Variables): Promise<Data> {
    const { data, errors } = await this.send(document, variables);
    if (errors !== undefined || data == null) throw new Error(`no data: ${JSON.stringify(errors)}`);
    return data;
  }

  /** Over SSE. Resolves once the server has begun to answer, so what happens next cannot be missed. */
  async subscribeSse<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables?: Variables,
  ): Promise<Subscription<Data>> {
    const stop = new AbortController();
    const response = await fetch(this.url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", ...this.#headers },
      body: JSON.stringify({ query: document.toString(), variables }),
      signal: stop.signal,
    });
    const reader = response
      .body!.pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
      .getReader();
    return {
      next: async () => {
        const { value, done } = await reader.read();
        if (done || value.event === "complete") throw new Error("the subscription has ended");
        return JSON.parse(value.data) as Result<Data>;
      },
      [Symbol.asyncDispose]: async () => {
        stop.abort();
        await reader.cancel().catch(() => {});
      },
    };
  }

  /** Over graphql-transport-ws. Resolves once the server has accepted the connection. */
  async subscribeWebSocket<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables?: Variables,
  ): Promise<Subscription<Data>> {
    const { promise: connected, resolve } = Promise.withResolvers<void>();
    const client = createClient({
      url: this.url.replace("http", "ws"),
      webSocketImpl: WebSocket,
      connectionParams: this.#headers,
      retryAttempts: 0,
      on: { connected: () => resolve() },
    });
    const results = client.iterate<Data>({
      query: document.toString(),
      variables: variables as Record<string, unknown>,
    });
    const first = results.next();
    await Promise.race([connected, first]);
    let pending: typeof first | null = first;
    return {
      next: async () => {
        const { value, done } = await (pending ?? results.next());
        pending = null;
        if (done === true) throw new Error("the subscription has ended");
        return value as unknown as Result<Data>;
      },
      [Symbol.asyncDispose]: async () => {
        await client.dispose();
      },
    };
  }
}
