import type { Answer } from "./answer.ts";

interface ServerSentEvent {
  readonly event?: string;
  /** A text is sent as it is, anything else as JSON. */
  readonly data: unknown;
}

/** Events as one answer, all at once. */
export function serverSentEvents(events: readonly ServerSentEvent[]): Answer {
  const blocks = events.map(({ event, data }) => {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
  });
  return { status: 200, headers: { "content-type": "text/event-stream" }, body: blocks.join("") };
}
