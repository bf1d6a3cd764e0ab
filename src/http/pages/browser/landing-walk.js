import { byId, element } from "./dom.js";
import { callbackOrigin, connection, sandbox } from "./landing-connection.js";
import { listeners } from "./landing-events.js";

/**
 * @typedef {"todo" | "now" | "done" | "failed"} State
 * @typedef {{ item: HTMLElement, detail: HTMLElement, before: string }} Step
 * @typedef {{ id: string, state: string, authorizationUrl: string }} Flow
 * @typedef {{
 *   id: string,
 *   status: string,
 *   fingerprint: string,
 *   scopes: string[],
 *   nextRefreshAt: string,
 *   account: { email: string | null } | null,
 * }} StoredCredential
 * @typedef {{ baseUrl: string, headers: { name: string, value: string }[], expiresAt: string }} Grant
 */

const initiateMutation =
  "mutation ($provider: String!) { initiateOAuth(input: { provider: $provider, kind: REDIRECT }) " +
  "{ __typename ... on Error { message } ... on InitiateOAuthPayload { flow { id state authorizationUrl } } } }";

const completeMutation =
  "mutation ($code: OAuthCodeInput!) { completeOAuth(input: { code: $code }) { __typename ... on Error { message } } }";

const flowQuery =
  "subscription ($id: ID!) { oauthFlow(id: $id) { status error { message } credential { id status last4 " +
  "fingerprint scopes expiresAt nextRefreshAt account { email } } } }";

const accessMutation =
  "mutation ($provider: String!) { issueAccess(input: { provider: $provider, method: OAUTH }) " +
  "{ __typename ... on Error { message } ... on IssueAccessPayload { grant { baseUrl expiresAt headers { name value } } } } }";

/** @type {Step[]} */
const steps = Array.from(document.querySelectorAll(".steps li"), (found) => {
  const item = /** @type {HTMLElement} */ (found);
  const detail = /** @type {HTMLElement} */ (item.querySelector(".detail"));
  return { item, detail, before: detail.textContent ?? "" };
});

/** @type {ReturnType<typeof setInterval> | undefined} */
let countdown;

/** @param {number} index */
const stepAt = (index) => /** @type {Step} */ (steps[index]);

/** @param {string} time */
const clockTime = (time) => new Date(time).toLocaleTimeString("en-GB");

/**
 * @param {number} index
 * @param {State} state
 * @param {string} [text]
 */
function mark(index, state, text) {
  const { item, detail } = stepAt(index);
  item.dataset["state"] = state;
  if (text !== undefined) detail.textContent = text;
  const title = item.querySelector("h3")?.textContent ?? "";
  byId("walk-state").textContent = { now: "Now: ", done: "Done: ", failed: "Failed: ", todo: "" }[state] + title;
}

function reset() {
  clearInterval(countdown);
  for (const { item, detail, before } of steps) {
    item.dataset["state"] = "todo";
    detail.textContent = before;
    item.querySelector(".facts")?.remove();
  }
}

/**
 * @param {number} index
 * @param {[name: string, text: string][]} facts
 */
function showFacts(index, facts) {
  const list = element("dl", "", { className: "facts" });
  for (const [name, text] of facts) list.append(element("dt", name), element("dd", text));
  const { item } = stepAt(index);
  item.querySelector(".facts")?.remove();
  item.append(list);
}

/**
 * The callback hands the code over where this page has another origin than the server's public address: the cookie that
 * would prove this browser stands under this page's name only.
 * @param {Flow} flow
 * @returns {() => void} ends it
 */
function completeHandover(flow) {
  const complete = (/** @type {MessageEvent} */ { origin, data }) => {
    if (origin !== callbackOrigin || data?.type !== "maestro-auth:code" || data.state !== flow.state) return;
    if (!data.code) return;
    const { code, state, issuer } = data;
    // What becomes of it, the flow's own subscription tells.
    void connection.ask(completeMutation, { code: { code, state, issuer } }).catch(() => {});
  };
  addEventListener("message", complete);
  return () => removeEventListener("message", complete);
}

/**
 * @param {Flow} flow
 * @param {Window | null} popup
 * @returns {Promise<StoredCredential>}
 */
async function consent(flow, popup) {
  if (popup) {
    popup.location.href = flow.authorizationUrl;
    mark(1, "now", "A window of the provider has opened. Choose Allow there, or Deny to see a refusal.");
  } else {
    mark(1, "now", "Your browser opened no window. ");
  }
  const properties = { href: flow.authorizationUrl, target: "_blank", rel: "opener" };
  stepAt(1).detail.append(" ", element("a", "Open the consent page", properties));
  const forget = completeHandover(flow);
  try {
    for await (const { status, error, credential } of connection.subscribe(flowQuery, { id: flow.id })) {
      if (status === "COMPLETED") return credential;
      if (status !== "PENDING") throw new Error(error?.message ?? `The flow has ended as ${status}.`);
    }
    throw new Error("The connection to the server was lost. Begin again.");
  } finally {
    forget();
    if (popup) setTimeout(() => popup.close(), 1500);
  }
}

/** @param {string} time */
const secondsTo = (time) => Math.max(0, Math.round((new Date(time).getTime() - Date.now()) / 1000));

/**
 * @param {StoredCredential} credential
 * @returns {Promise<{ occurredAt: string }>} the event
 */
function waitForRefresh(credential) {
  const { detail } = stepAt(4);
  const tick = () => {
    const seconds = secondsTo(credential.nextRefreshAt);
    if (connection.end !== null) {
      clearInterval(countdown);
      detail.textContent = "No longer updated.";
    } else if (seconds > 0) {
      detail.textContent = `The server renews it in ${seconds} seconds, before it expires. Neither you nor your code need do anything.`;
    } else {
      detail.textContent = "The server is renewing it now.";
    }
  };
  mark(4, "now");
  tick();
  countdown = setInterval(tick, 1000);
  return new Promise((resolve) => {
    const listener = (/** @type {import("./landing-events.js").ShownEvent} */ event) => {
      if (event.__typename !== "TokenRefreshed" || event.credential?.id !== credential.id) return;
      listeners.delete(listener);
      clearInterval(countdown);
      resolve(event);
    };
    listeners.clear();
    listeners.add(listener);
  });
}

/** @param {Grant} grant */
function showGrant({ baseUrl, headers, expiresAt }) {
  const masked = headers.map(
    ({ name, value }) =>
      /** @type {[string, string]} */ ([name, `${value.slice(0, value.indexOf(" ") + 5)}…${value.slice(-4)}`]),
  );
  showFacts(3, [["call", baseUrl], ...masked, ["good until", clockTime(expiresAt)]]);
}

/** @param {StoredCredential} credential */
function showCredential({ status, account, scopes, fingerprint }) {
  showFacts(2, [
    ["status", status === "EXPIRING" ? "EXPIRING: it works, and lives for a minute only" : status],
    ["account", account?.email ?? "unknown"],
    ["scopes", scopes.join(", ")],
    ["fingerprint", `${fingerprint.slice(0, 16)}…`],
  ]);
}

/**
 * The walk through the sandbox's OAuth, in the steps that an application takes with any provider.
 * @param {HTMLButtonElement} begin
 * @param {Window | null} popup
 */
async function walkThrough(begin, popup) {
  let index = 0;
  const allowAgain = () => {
    begin.disabled = false;
    begin.textContent = "Connect again";
  };
  try {
    mark(0, "now");
    const { flow } = await connection.ask(initiateMutation, { provider: sandbox });
    mark(0, "done", "A flow with PKCE and a state that works once; it ends in ten minutes.");
    index = 1;
    const credential = await consent(flow, popup);
    mark(1, "done", "Allowed.");
    index = 2;
    mark(2, "done", "Checked with the provider, sealed with XAES-256-GCM, and stored.");
    showCredential(credential);
    index = 3;
    mark(3, "now");
    const { grant } = await connection.ask(accessMutation, { provider: sandbox });
    mark(3, "done", "Headers that work now. Your backend calls the provider with them; it never sees a refresh token.");
    showGrant(grant);
    index = 4;
    allowAgain();
    const refreshed = await waitForRefresh(credential);
    mark(4, "done", `Renewed at ${clockTime(refreshed.occurredAt)}. Nobody asked.`);
  } catch (error) {
    popup?.close();
    mark(index, "failed", error instanceof Error ? error.message : String(error));
  } finally {
    allowAgain();
  }
}

/** Lets the button begin the walk, where the page has one. */
export function offerWalk() {
  const begin = /** @type {HTMLButtonElement | null} */ (document.getElementById("begin"));
  begin?.addEventListener("click", () => {
    // Opened by the click itself: later, browsers would take it for an advertisement.
    const popup = open("", "maestro-auth-consent", "popup,width=520,height=680");
    begin.disabled = true;
    reset();
    void walkThrough(begin, popup);
  });
}
