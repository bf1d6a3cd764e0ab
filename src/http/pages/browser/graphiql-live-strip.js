import { byId } from "./dom.js";
import { readEvents } from "./event-stream.js";
import { Asking, howToGoOn } from "./graphiql-fetch.js";
import { PageToken } from "./page-token.js";
import { noAnswer, readRefusal, Refusal } from "./refusal.js";

// GraphiQL ends a subscription when another tab is opened, just when something would happen. The strip at the foot of
// the page takes a subscription over from the moment that it runs: it shows what comes, whichever tab is open, until
// somebody ends it here or by GraphiQL's own button. It also says why the server refused something, and what to do.

/** @typedef {{ root: HTMLElement, list: HTMLElement, state: HTMLElement, stop: HTMLButtonElement }} Strip */

/** How many events stay on the page. */
const shown = 200;

const browserFetch = window.fetch.bind(window);
/** @type {{ token: string | null }} */
const { token } = JSON.parse(byId("data").textContent ?? "");
const pageToken = token === null ? null : new PageToken(token);
const asking = new Asking({ token: pageToken, tell, send: browserFetch });

/** @type {AbortController | null} */
let current = null;
let isStopping = false;
/** @type {Strip} */
let strip;

const isButton = (/** @type {Event} */ { target }) =>
  target instanceof Element && target.closest(".graphiql-execute-button") !== null;
// A tab's button ends a subscription as well: only GraphiQL's own button, or its key, means to.
addEventListener("click", (event) => (isStopping = isButton(event)), true);
addEventListener(
  "keydown",
  ({ key, ctrlKey, metaKey }) => {
    isStopping = key === "Enter" && (ctrlKey || metaKey);
  },
  true,
);

/**
 * @param {string} body of a request
 * @returns {string | null} null where it is no subscription
 */
function nameOf(body) {
  try {
    const { query, operationName } = JSON.parse(body);
    const [, name] = /^\s*subscription\b\s*(\w*)/m.exec(query) ?? [];
    return name === undefined ? null : operationName || name || "subscription";
  } catch {
    return null;
  }
}

window.fetch = async (input, init = {}) => {
  const name = typeof init.body === "string" ? nameOf(init.body) : null;
  if (name === null) return asking.fetch(input, init);
  const own = new AbortController();
  const { signal } = init;
  const endEarly = () => own.abort(signal?.reason);
  signal?.addEventListener("abort", endEarly);
  const response = await asking.fetch(input, { ...init, signal: own.signal });
  signal?.removeEventListener("abort", endEarly);
  const isStream = response.headers.get("content-type")?.includes("text/event-stream");
  if (!response.ok || !isStream || response.body === null) return response;
  const [forPage, forStrip] = response.body.tee();
  current?.abort();
  current = own;
  signal?.addEventListener("abort", () => {
    if (isStopping) own.abort();
  });
  void follow(name, new Response(forStrip), own);
  return new Response(endingWith(forPage, signal ?? null), response);
};

/**
 * What GraphiQL lets go of ends for it, though the strip reads on.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @param {AbortSignal | null} signal
 */
function endingWith(body, signal) {
  const reader = body.getReader();
  signal?.addEventListener("abort", () => void reader.cancel());
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => reader.cancel(),
  });
}

/**
 * @param {string} name
 * @param {Response} response
 * @param {AbortController} own
 */
async function follow(name, response, own) {
  setRunning(true);
  tell(`${name} is running. What comes is shown here too, whichever tab is open.`);
  let text = `${name} has ended.`;
  try {
    for await (const result of readEvents(response)) {
      add(result);
      if (result.errors) text = `${name} has ended. ${howToGoOn(readRefusal({ status: 200, errors: result.errors }))}`;
    }
  } catch (error) {
    if (!own.signal.aborted) {
      const refusal = error instanceof Refusal ? error : noAnswer();
      text = `${name} was cut off. ${howToGoOn(refusal)}`;
    }
  }
  if (current !== own) return;
  current = null;
  setRunning(false);
  tell(text);
}

/** @typedef {string | number | boolean | null | { [field: string]: Json } | Json[]} Json */

/**
 * Every value with its field's name; a name alone says less than what it is the name of: "provider sandbox".
 * @param {Json} value
 * @returns {string[]}
 */
function leaves(value, field = "", outer = "") {
  if (value === null) return [];
  if (typeof value !== "object") return [`${field === "name" ? outer : field} ${value}`];
  return Object.entries(value).flatMap(([key, inner]) => (key === "__typename" ? [] : leaves(inner, key, field)));
}

/** @param {{ data?: object | null, errors?: unknown }} result */
function add({ data, errors }) {
  const [[field, value] = ["error", errors]] = Object.entries(data ?? {});
  const item = document.createElement("li");
  const title = document.createElement("strong");
  title.textContent = value?.__typename ?? field;
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString("en-GB");
  const details = document.createElement("span");
  details.textContent = leaves(value).join(" · ");
  item.append(time, title, details);
  strip.list.prepend(item);
  while (strip.list.children.length > shown) strip.list.lastChild?.remove();
  strip.root.dataset["filled"] = "";
}

/** @param {boolean} isRunning */
function setRunning(isRunning) {
  strip.root.dataset["state"] = isRunning ? "running" : "ended";
  strip.stop.hidden = !isRunning;
}

/** @param {string} text */
function tell(text) {
  strip.state.textContent = text;
}

document.addEventListener("DOMContentLoaded", () => {
  const root = document.createElement("section");
  root.className = "live-strip";
  root.setAttribute("aria-label", "Live events");
  const head = document.createElement("p");
  const mark = document.createElement("b");
  mark.textContent = "Live";
  const state = document.createElement("span");
  state.setAttribute("role", "status");
  state.textContent = "Run tab 2, then go on in any other tab: what happens appears here.";
  const stop = document.createElement("button");
  stop.type = "button";
  stop.textContent = "Stop watching";
  stop.hidden = true;
  stop.addEventListener("click", () => current?.abort());
  head.append(mark, state, stop);
  const list = document.createElement("ol");
  list.setAttribute("role", "log");
  list.setAttribute("aria-label", "Events, the latest first");
  list.tabIndex = 0;
  root.append(head, list);
  document.body.append(root);
  strip = { root, list, state, stop };
});
