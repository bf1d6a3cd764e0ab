/** The walk through the sandbox's OAuth, in the steps that an application takes with any provider. */
export const sandboxWalk = String.raw`
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
