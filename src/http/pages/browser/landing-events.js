import { sayWhen } from "./connection.js";
import { byId, element, pause } from "./dom.js";
import { connection } from "./landing-connection.js";
import { methodWords, showProviders } from "./landing-providers.js";
import { Refusal } from "./refusal.js";

/**
 * @typedef {{
 *   __typename: string,
 *   cursor: string,
 *   occurredAt: string,
 *   provider: { displayName: string },
 *   label: string,
 *   method: "API_KEY" | "OAUTH",
 *   credential: { id: string } | null,
 *   session?: { label: string | null },
 * }} ShownEvent
 */

const eventsQuery =
  "subscription ($after: String) { events(after: $after) { __typename cursor occurredAt " +
  "... on CredentialEvent { provider { displayName } label method credential { id status expiresAt nextRefreshAt } } " +
  "... on SessionEvent { session { label } } } }";

/** How many events stay on the page. */
const shownEvents = 30;

/** Seconds before the first try after a lost connection, and at most between two tries. */
const firstPause = 2;
const longestPause = 30;

/** @type {Set<(event: ShownEvent) => void>} */
export const listeners = new Set();

/** @param {ShownEvent} event */
function describeEvent({ provider, label, method, session }) {
  if (session) return `session ${session.label ?? "without a label"}`;
  return `${provider.displayName} · ${methodWords[method]}${label === "default" ? "" : ` · ${label}`}`;
}

/** @param {ShownEvent} event */
function showEvent(event) {
  const list = byId("events");
  list.querySelector(".empty")?.remove();
  const item = element("li", "", { className: "new" });
  const body = element("div", "");
  body.append(element("strong", event.__typename), element("span", describeEvent(event), { className: "quiet" }));
  const time = new Date(event.occurredAt);
  item.append(element("time", time.toLocaleTimeString("en-GB"), { dateTime: event.occurredAt }), body);
  list.prepend(item);
  while (list.children.length > shownEvents) list.lastChild?.remove();
}

/**
 * A line in the list for events that were not received.
 * @param {string} reason
 */
function showGap(reason) {
  const text = `Some events may be missing here: ${reason} The list goes on from now.`;
  byId("events").prepend(element("li", text, { className: "empty" }));
}

/**
 * @param {unknown} error null where the stream has ended in good order
 * @param {number} tries that have failed in a row
 * @returns {{ seconds: number, text: string } | null} null: the page asks no more
 */
function afterEnd(error, tries) {
  const seconds = Math.min(firstPause * 2 ** tries, longestPause);
  const lost = "Disconnected. This page reconnects by itself and continues after the last event.";
  if (!(error instanceof Refusal)) return { seconds, text: lost };
  if (error.reaction === "stop") return null;
  if (error.reaction === "wait") return { seconds: error.seconds, text: sayWhen(error, error.seconds) };
  if (error.reaction === "retry") return { seconds, text: lost };
  return { seconds: tries === 0 ? 0 : seconds, text: "Reconnecting." };
}

/** Shows the user's events as they happen. A lost connection goes on after the last one. */
export async function followEvents() {
  const state = byId("events-state");
  /** @type {string | null} */
  let after = null;
  for (let tries = 0; ; tries += 1) {
    /** @type {unknown} */
    let end = null;
    const begun = performance.now();
    try {
      after ??= /** @type {string} */ ((await connection.ask("{ viewer { eventCursor } }")).eventCursor);
      const events = connection.subscribe(eventsQuery, { after }, () => {
        state.textContent = "Connected. One stream of your events, by Server-Sent Events.";
      });
      for await (const event of events) {
        after = event.cursor;
        showEvent(event);
        for (const listener of listeners) listener(event);
        void showProviders();
      }
    } catch (error) {
      end = error;
      if (error instanceof Refusal && error.reaction === "restart") {
        after = null;
        showGap(error.message);
      }
    }
    // A stream that lasted was no failed try.
    if (performance.now() - begun > longestPause * 1000) tries = 0;
    const next = afterEnd(end, tries);
    state.textContent = next?.text ?? "No longer updated.";
    if (next === null) return;
    await pause(next.seconds * 1000);
  }
}
