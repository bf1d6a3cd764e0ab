/** How the page speaks to the API: operations, and subscriptions as Server-Sent Events. */
const api = String.raw`
const { token, callbackOrigin, sandbox } = JSON.parse(document.getElementById("data").textContent);

function post(accept, query, variables, signal) {
  return fetch("/graphql", {
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

/** The walk through the sandbox's OAuth, in the steps that an application takes with any provider. */
const walk = String.raw`
const begin = document.getElementById("begin");
const status = document.getElementById("walk-state");
const steps = [...document.querySelectorAll(".steps li")].map((item) => ({
  item, detail: item.querySelector(".detail"), before: item.querySelector(".detail").textContent,
}));
let clock = null;

function mark(index, state, text) {
  const { item, detail } = steps[index];
  item.dataset.state = state;
  if (text !== undefined) detail.textContent = text;
  const title = item.querySelector("h3").textContent;
  status.textContent = { now: "Now: ", done: "Done: ", failed: "Failed: ", todo: "" }[state] + title;
}

function reset() {
  clearInterval(clock);
  for (const { item, detail, before } of steps) {
    item.dataset.state = "todo";
    detail.textContent = before;
    item.querySelector(".facts")?.remove();
  }
}

function showFacts(index, facts) {
  const list = element("dl", "", { className: "facts" });
  for (const [name, text] of facts) list.append(element("dt", name), element("dd", text));
  steps[index].item.querySelector(".facts")?.remove();
  steps[index].item.append(list);
}

// The callback hands the code over where this page has another origin than the server's public address: the cookie
// that would prove this browser stands under this page's name only.
function completeHandover(flow) {
  const complete = ({ origin, data }) => {
    if (origin !== callbackOrigin || data?.type !== "maestro-auth:code" || data.state !== flow.state || !data.code) return;
    const { code, state, issuer } = data;
    void send("mutation ($code: OAuthCodeInput!) { completeOAuth(input: { code: $code }) { __typename " +
      "... on Error { message } } }", { code: { code, state, issuer } }).catch(() => {});
  };
  addEventListener("message", complete);
  return () => removeEventListener("message", complete);
}

async function consent(flow, popup) {
  const detail = steps[1].detail;
  if (popup) {
    popup.location = flow.authorizationUrl;
    mark(1, "now", "A window of the provider has opened. Choose Allow there, or Deny to see a refusal.");
  } else {
    mark(1, "now", "Your browser opened no window. ");
  }
  detail.append(" ", element("a", "Open the consent page", { href: flow.authorizationUrl, target: "_blank", rel: "opener" }));
  const forget = completeHandover(flow);
  const query = "subscription ($id: ID!) { oauthFlow(id: $id) { status error { message } credential { id status last4 " +
    "fingerprint scopes expiresAt nextRefreshAt account { email } } } }";
  try {
    for await (const { status, error, credential } of subscribe(query, { id: flow.id })) {
      if (status === "COMPLETED") return credential;
      if (status !== "PENDING") throw new Error(error?.message ?? "The flow has ended as " + status + ".");
    }
    throw new Error("The connection to the server was lost. Begin again.");
  } finally {
    forget();
    if (popup) setTimeout(() => popup.close(), 1500);
  }
}

const secondsTo = (time) => Math.max(0, Math.round((new Date(time) - Date.now()) / 1000));

function waitForRenewal(credential) {
  const tick = () => {
    const seconds = secondsTo(credential.nextRefreshAt);
    steps[4].detail.textContent = seconds > 0
      ? "The server renews it in " + seconds + " seconds, before it expires. Neither you nor your code need do anything."
      : "The server is renewing it now.";
  };
  mark(4, "now");
  tick();
  clock = setInterval(tick, 1000);
  return new Promise((resolve) => {
    const listener = (event) => {
      if (event.__typename !== "TokenRefreshed" || event.credential?.id !== credential.id) return;
      listeners.delete(listener);
      clearInterval(clock);
      resolve(event);
    };
    listeners.clear();
    listeners.add(listener);
  });
}

function showGrant({ baseUrl, headers, expiresAt }) {
  const masked = ({ name, value }) => [name, value.slice(0, value.indexOf(" ") + 5) + "…" + value.slice(-4)];
  showFacts(3, [["call", baseUrl], ...headers.map(masked), ["good until", new Date(expiresAt).toLocaleTimeString("en-GB")]]);
}

async function walkThrough(popup) {
  let index = 0;
  try {
    mark(0, "now");
    const { flow } = await send("mutation ($provider: String!) { initiateOAuth(input: { provider: $provider, kind: REDIRECT }) " +
      "{ __typename ... on Error { message } ... on InitiateOAuthPayload { flow { id state authorizationUrl } } } }",
      { provider: sandbox });
    mark(0, "done", "A flow with PKCE and a state that works once; it ends in ten minutes.");
    index = 1;
    const credential = await consent(flow, popup);
    mark(1, "done", "Allowed.");
    index = 2;
    mark(2, "done", "Checked with the provider, sealed with XAES-256-GCM, and stored.");
    const status = credential.status === "EXPIRING" ? "EXPIRING: it works, and lives for a minute only" : credential.status;
    showFacts(2, [["status", status], ["account", credential.account?.email ?? "unknown"],
      ["scopes", credential.scopes.join(", ")], ["fingerprint", credential.fingerprint.slice(0, 16) + "…"]]);
    index = 3;
    mark(3, "now");
    const { grant } = await send("mutation ($provider: String!) { issueAccess(input: { provider: $provider, method: OAUTH }) " +
      "{ __typename ... on Error { message } ... on IssueAccessPayload { grant { baseUrl expiresAt headers { name value } } } } }",
      { provider: sandbox });
    mark(3, "done", "Headers that work now. Your backend calls the provider with them; it never sees a refresh token.");
    showGrant(grant);
    index = 4;
    begin.disabled = false;
    begin.textContent = "Connect again";
    const renewed = await waitForRenewal(credential);
    mark(4, "done", "Renewed at " + new Date(renewed.occurredAt).toLocaleTimeString("en-GB") + ". Nobody asked.");
  } catch (error) {
    popup?.close();
    mark(index, "failed", error.message);
  } finally {
    begin.disabled = false;
    begin.textContent = "Connect again";
  }
}

begin?.addEventListener("click", () => {
  // Opened by the click itself: later, browsers would take it for an advertisement.
  const popup = open("", "maestro-auth-consent", "popup,width=520,height=680");
  begin.disabled = true;
  reset();
  void walkThrough(popup);
});
`;

/** All that the page does by itself. It writes text only, never markup. */
export const landingScript = `{${api}${providers}${events}${walk}
for (const item of document.querySelectorAll("[data-live]")) item.hidden = false;
for (const item of document.querySelectorAll("[data-still]")) item.hidden = true;
void keepShowingProviders();
void followEvents();
}`;
