import type { NewEvent } from "../events/event.ts";
import type { Session } from "./session.ts";

/** What every event about a session says of it. */
export function sessionEventBody({ id }: Session): Extract<NewEvent, { type: "SessionStarted" }>["body"] {
  return { sessionId: id };
}
