import { EventSourceParserStream, type EventSourceMessage } from "eventsource-parser/stream";

/** One response of server-sent events, read event by event. */
export class EventSource implements AsyncDisposable {
  readonly response: Response;
  readonly #stop: AbortController;
  readonly #reader: ReadableStreamDefaultReader<EventSourceMessage>;

  private constructor(response: Response, stop: AbortController) {
    this.response = response;
    this.#stop = stop;
    this.#reader = response
      .body!.pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
      .getReader();
  }

  /** Resolves once the server has begun to answer. */
  static async open(
    baseUrl: string,
    token: string,
    operation: { toString(): string },
    { variables = {}, accept = "text/event-stream" }: { variables?: object; accept?: string } = {},
  ): Promise<EventSource> {
    const stop = new AbortController();
    const response = await fetch(`${baseUrl}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", accept, authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: operation.toString(), variables }),
      signal: stop.signal,
    });
    return new EventSource(response, stop);
  }

  /** The next event: its name, and its data read as JSON; null at the end of the response. */
  async next(): Promise<readonly [name: string | undefined, data: unknown] | null> {
    const { value, done } = await this.#reader.read();
    return done ? null : [value.event, value.data === "" ? null : JSON.parse(value.data)];
  }

  /** Everything that comes until the end of the response, as text. */
  async rest(): Promise<string> {
    const events: unknown[] = [];
    for (let event = await this.next(); event !== null; event = await this.next()) events.push(event);
    return JSON.stringify(events);
  }

  /** Cuts the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reader.cancel().catch(() => {});
  }
}
