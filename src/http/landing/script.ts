import { sandboxWalk } from "./sandbox-walk.ts";

/** How the page speaks to the API: operations, and subscriptions as Server-Sent Events. */
const api = String.raw`
const { token, endpoint, callbackOrigin, sandbox } = JSON.parse(document.getElementById("data").textContent);

function post(accept, query, variables, signal) {
  return fetch(endpoint, {
    method: "POST",
    headers: { accept, "content-type": "application/json", authorization: "Bearer " + token },
    body: JSON.stringify({ query, variables }),
    signal,
  });
}

async function send(query, variables) {
  const { data, errors } = await (await post("application/json", query, variables)).json();
  if (errors) throw new Error(errors[0].message);
  const [result] = Object.values(data);
  // Every expected refusal is a type of its own, with a message for people.
  if (result.__typename?.endsWith("Error")) throw new Error(result.message);
  return result;
}

async function* subscribe(query, variables, signal) {
  const response = await post("text/event-stream", query, variables, signal);
  if (!response.ok) throw new Error("The server answered " + response.status + ".");
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const line = block.split("\n").find((part) => part.startsWith("data:"));
      if (line === undefined || line.slice(5).trim() === "") continue;
      const { data, errors } = JSON.parse(line.slice(5));
      if (errors) throw new Error(errors[0].message);
      yield Object.values(data)[0];
    }
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function element(name, text, properties = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...properties });
}
`;

/** Whether the providers answer: anew every ten seconds while somebody looks, and after each event. */
const providers = String.raw`
const healthWords = { UNKNOWN: "not called yet", HEALTHY: "answers", DEGRADED: "in trouble", DOWN: "down" };
const methodWords = { API_KEY: "API key", OAUTH: "OAuth" };

function providerCard({ displayName, health, methods }) {
  const card = element("li", "", { className: "card" });
  const row = element("div", "", { className: "row" });
  const state = element("span", healthWords[health.status], { className: "health" });
  state.dataset.status = health.status;
  row.append(element("h3", displayName), state);
  const list = element("ul", "", { className: "methods" });
  for (const { method, available } of methods) {
    const text = methodWords[method] + (available ? ": available" : ": not configured");
    list.append(element("li", text, { className: available ? "" : "off" }));
  }
  card.append(row, list);
  if (health.complaint) card.append(element("p", health.complaint, { className: "quiet" }));
  return card;
}

async function showProviders() {
  const state = document.getElementById("providers-state");
  try {
    const list = await send("{ providers { name displayName health { status complaint } methods { method available } } }");
    document.getElementById("providers").replaceChildren(...list.map(providerCard));
    state.textContent = "As of " + new Date().toLocaleTimeString("en-GB") + ", anew every ten seconds.";
  } catch {
    state.textContent = "The server does not answer. This page tries again in ten seconds.";
  }
}

async function keepShowingProviders() {
  for (;;) {
    if (!document.hidden) await showProviders();
    await pause(10000);
  }
}
`;

/** The user's events as they happen. A lost connection goes on after the last one. */
const events = String.raw`
const eventsQuery = "subscription ($after: String) { events(after: $after) { __typename cursor occurredAt " +
  "... on CredentialEvent { provider { displayName } label method credential { id status expiresAt nextRefreshAt } } " +
  "... on SessionEvent { session { label } } } }";
const listeners = new Set();

function describe({ provider, label, method, session }) {
  if (session) return "session " + (session.label ?? "without a label");
  return provider.displayName + " · " + methodWords[method] + (label === "default" ? "" : " · " + label);
}

function showEvent(event) {
  const list = document.getElementById("events");
  list.querySelector(".empty")?.remove();
  const item = element("li", "", { className: "new" });
  const body = element("div", "");
  body.append(element("strong", event.__typename), element("span", describe(event), { className: "quiet" }));
  const time = new Date(event.occurredAt);
  item.append(element("time", time.toLocaleTimeString("en-GB"), { dateTime: event.occurredAt }), body);
  list.prepend(item);
  while (list.children.length > 30) list.lastChild.remove();
}

async function followEvents() {
  const state = document.getElementById("events-state");
  let after = null;
  for (;;) {
    try {
      after ??= (await send("{ viewer { eventCursor } }")).eventCursor;
      state.textContent = "Connected. One stream of your events, by Server-Sent Events.";
      for await (const event of subscribe(eventsQuery, { after })) {
        after = event.cursor;
        showEvent(event);
        for (const listener of listeners) listener(event);
        void showProviders();
      }
    } catch {
      // It is the same to the reader as a connection that ends.
    }
    state.textContent = "Disconnected. This page comes back by itself, and misses nothing.";
    await pause(2000);
  }
}
`;

/** All that the page does by itself. It writes text only, never markup. */
export const landingScript = `{${api}${providers}${events}${sandboxWalk}
for (const item of document.querySelectorAll("[data-live]")) item.hidden = false;
for (const item of document.querySelectorAll("[data-still]")) item.hidden = true;
void keepShowingProviders();
void followEvents();
}`;
