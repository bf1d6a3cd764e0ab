import { expect, test } from "vitest";
import { eventsSubscription, oauthFlowSubscription, viewerQuery } from "../../client/operations.ts";
import { vendorText } from "../../support/authorization-server/dialect.ts";
import type { AuthorizationFault } from "../../support/authorization-server/fault.ts";
import { type BegunFlow, type CallbackStage, startCallbackStage } from "./callback-stage.ts";

async function expectUntouched(stage: CallbackStage, flow: BegunFlow): Promise<void> {
  expect(stage.exchanges()).toBe(0);
  expect(await stage.statusOf(flow)).toBe("PENDING");
  expect(await stage.credentialsOf(flow.user)).toEqual([]);
}

const valueOf = ({ cookie }: BegunFlow) => cookie.slice(cookie.indexOf("=") + 1);
const nameOf = ({ cookie }: BegunFlow) => cookie.slice(0, cookie.indexOf("="));

test("in the browser that began the flow the callback completes it, and the cookie stays for its repeats", async () => {
  await using stage = await startCallbackStage();
  const client = await stage.server.client("alice");
  const { viewer } = await client.execute(viewerQuery);
  const flow = await stage.begin("alice", { label: "work" });
  await using changes = await client.subscribeSse(oauthFlowSubscription, { id: flow.id });
  expect((await changes.next()).data?.oauthFlow.status).toBe("PENDING");

  const callback = await stage.decide(flow);
  const page = await stage.visit(callback, { cookie: `theme=dark; ${flow.cookie}; x=y` });
  expect(page).toMatchObject({ status: 200, title: "Connected" });
  expect(page.message).toEqual({ type: "maestro-auth:flow", outcome: "completed" });
  expect(page.headers["set-cookie"]).toBeUndefined();
  expect(stage.exchanges()).toBe(1);

  expect(await stage.credentialsOf("alice")).toMatchObject([{ method: "OAUTH", label: "work", status: "ACTIVE" }]);
  expect((await changes.next()).data?.oauthFlow).toMatchObject({ status: "COMPLETED", credential: expect.anything() });
  await using events = await client.subscribeSse(eventsSubscription, { after: viewer.eventCursor });
  expect((await events.next()).data?.events.__typename).toBe("CredentialStored");
  const told = stage.server.logs.join("");
  for (const secret of [new URLSearchParams(callback.split("?")[1]).get("code")!, flow.state!, valueOf(flow)])
    expect(told).not.toContain(secret);
});

test("by plain http the callback works the same, with a cookie of another name", async () => {
  await using stage = await startCallbackStage({ PUBLIC_URL: "http://localhost:4000" });
  const flow = await stage.begin("alice");
  const callback = await stage.decide(flow);
  expect(await stage.visit(callback, { cookie: `__Host-${flow.cookie}` })).toMatchObject({ title: "One step left" });
  const page = await stage.visit(callback, { cookie: flow.cookie });
  expect(page.title).toBe("Connected");
});

/** The victim consents to what an attacker began; `other` is a flow of the victim's own. */
const foreignCookies: Record<string, (flow: BegunFlow, other: BegunFlow) => string | undefined> = {
  "no cookie": () => undefined,
  "an empty cookie": (flow) => `${nameOf(flow)}=`,
  "the cookie of another flow": (_flow, other) => other.cookie,
  "the value of another flow's cookie under this flow's name": (flow, other) => `${nameOf(flow)}=${valueOf(other)}`,
  "a cookie with one character changed": (flow) =>
    `${nameOf(flow)}=${valueOf(flow).replace(/^./, (first) => (first === "A" ? "B" : "A"))}`,
  "a cookie with a character too many": (flow) => `${flow.cookie}A`,
  "the cookie in quotes": (flow) => `${nameOf(flow)}="${valueOf(flow)}"`,
  "the cookie without its prefix": (flow) => flow.cookie.replace("__Host-", ""),
  "the cookie inside another one": (flow) => `x=1, ${flow.cookie}; y${flow.cookie}`,
};

test.each(Object.entries(foreignCookies))(
  "with %s nothing is exchanged, and only the user who began the flow can complete it",
  async (_name, cookieOf) => {
    await using stage = await startCallbackStage();
    const flow = await stage.begin("alice");
    const other = await stage.begin("bob");
    const callback = await stage.decide(flow);
    const cookie = cookieOf(flow, other);
    const page = await stage.visit(callback, cookie === undefined ? {} : { cookie });
    expect(page).toMatchObject({ status: 200, title: "One step left" });
    expect(page.headers["set-cookie"]).toBeUndefined();
    const { code, state, iss } = Object.fromEntries(new URLSearchParams(callback.split("?")[1]));
    expect(page.message).toEqual({ type: "maestro-auth:code", code, state, issuer: iss, error: null });
    await expectUntouched(stage, flow);

    expect(await stage.complete("bob", callback)).toBe("OAUTH_STATE_INVALID");
    await expectUntouched(stage, flow);
    expect(await stage.credentialsOf("bob")).toEqual([]);
    expect(await stage.complete("alice", callback)).toBe("COMPLETED");
    expect(stage.exchanges()).toBe(1);
  },
);

test("other cookies, sent along, do not hide the flow's own", async () => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const other = await stage.begin("alice", { label: "other" });
  const callback = await stage.decide(flow);
  const cookie = `${other.cookie}; x${flow.cookie}x; ${flow.cookie}`;
  expect((await stage.visit(callback, { cookie })).title).toBe("Connected");
  expect(await stage.statusOf(other)).toBe("PENDING");
});

test("of many callbacks at once one exchanges, and all say that it worked", async () => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const callback = await stage.decide(flow);
  const pages = await Promise.all([1, 2, 3, 4].map(() => stage.visit(callback, { cookie: flow.cookie })));
  expect(pages.map(({ title }) => title)).toEqual(Array(4).fill("Connected"));
  expect(stage.exchanges()).toBe(1);
  expect(await stage.credentialsOf("alice")).toHaveLength(1);
});

test("a callback and `completeOAuth` at once exchange once, and the page says what happened", async () => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const callback = await stage.decide(flow);
  const [page, completed] = await Promise.all([
    stage.visit(callback, { cookie: flow.cookie }),
    stage.complete("alice", callback),
  ]);
  expect(page.title).toBe("Connected");
  expect(["COMPLETED", "OAUTH_STATE_INVALID"]).toContain(completed);
  expect(stage.exchanges()).toBe(1);
});

test("a repeat while another request is at it says so after a while, and loads itself again", async () => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const callback = await stage.decide(flow);
  await stage.execute("update oauth_flows set status = 'exchanging'");
  const page = await stage.visit(callback, { cookie: flow.cookie });
  expect(page).toMatchObject({ status: 200, title: "One moment", message: null });
  expect(page.headers["refresh"]).toBe("2");
  await expectUntouched(stage, flow);
});

/** What a flow ends as, by what the provider sends. */
const ends: Record<
  string,
  { fault?: AuthorizationFault; decision?: "approve" | "deny"; title: string; outcome: string }
> = {
  completed: { title: "Connected", outcome: "completed" },
  denied: { decision: "deny", title: "Not connected", outcome: "denied" },
  failed: {
    fault: { kind: "status", status: 400, body: { error: "invalid_grant" } },
    title: "Not connected",
    outcome: "failed",
  },
  "failed by a lost answer": { fault: { kind: "lost" }, title: "Not connected", outcome: "failed" },
};

test.each(Object.entries(ends))(
  "a repeated callback of a flow that was %s shows that again, sends nothing and changes nothing; to others it has ended",
  async (_name, { fault, decision = "approve", title, outcome }) => {
    await using stage = await startCallbackStage();
    stage.google.user = { decision, name: "alice" };
    const flow = await stage.begin("alice");
    const callback = await stage.decide(flow);
    if (fault !== undefined) stage.google.next("/token", fault);
    const first = await stage.visit(callback, { cookie: flow.cookie });
    expect(first).toMatchObject({ title, message: { type: "maestro-auth:flow", outcome } });
    const before = [await stage.rows(), stage.exchanges(), await stage.credentialsOf("alice")];
    const other = await stage.begin("bob");
    const rows = await stage.rows();

    const path = callback.split("?")[0]!;
    const repeats = [
      callback,
      // A reload, after the page has taken its parameters out of the address.
      path,
      callback.replace(/(code|error)=[^&]*/, "code=another"),
      callback.replace(/(code|error)=[^&]*/, "error=access_denied"),
    ];
    for (const repeat of repeats) {
      const page = await stage.visit(repeat, { cookie: flow.cookie });
      expect(page).toMatchObject({ status: first.status, title, message: first.message });
      expect(page.html).toBe(first.html);
    }
    for (const cookie of [undefined, other.cookie, `${nameOf(flow)}=${valueOf(other)}`]) {
      for (const repeat of repeats) {
        const page = await stage.visit(repeat, cookie === undefined ? {} : { cookie });
        expect(page).toMatchObject({ status: 400, title: "This link has ended" });
      }
    }
    expect(await stage.rows()).toEqual(rows);
    expect([stage.exchanges(), await stage.credentialsOf("alice")]).toEqual(before.slice(1));

    stage.time.ahead = 600_000;
    expect(await stage.visit(callback, { cookie: flow.cookie })).toMatchObject({ title: "This link has ended" });
  },
);

test.each([
  { "sec-purpose": "prefetch" },
  { "sec-purpose": "prefetch;prerender" },
  { "sec-purpose": "prefetch;anonymous-client-ip" },
  { purpose: "prefetch" },
  { "x-purpose": "preview" },
  { "x-moz": "prefetch" },
])("a browser that loads ahead of its user (%j) does not spend the code", async (headers) => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const callback = await stage.decide(flow);
  expect((await stage.visit(callback, { cookie: flow.cookie, headers })).status).toBe(503);
  await expectUntouched(stage, flow);
  expect((await stage.visit(callback, { cookie: flow.cookie, headers: { "sec-purpose": "" } })).title).toBe(
    "Connected",
  );
});

test("a provider that is busy does not spend the code: the page loads itself again, and then it works", async () => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const callback = await stage.decide(flow);
  stage.google.next("/token", { kind: "status", status: 429, headers: { "retry-after": "30" } });
  const page = await stage.visit(callback, { cookie: flow.cookie });
  expect(page).toMatchObject({ status: 200, title: "One moment", message: null });
  expect(page.headers["refresh"]).toBe("30");
  expect(page.html).toContain("in 30 s");
  expect(await stage.statusOf(flow)).toBe("PENDING");
  expect((await stage.visit(callback, { cookie: flow.cookie })).title).toBe("Connected");
});

test("a page that blames the operator's client says so, and the operator is told the provider's error code", async () => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const query = `state=${flow.state}&error=redirect_uri_mismatch&error_description=${encodeURIComponent(vendorText)}`;
  const page = await stage.visit(`/auth/google/callback?${query}`, { cookie: flow.cookie });
  expect(page).toMatchObject({ title: "Not connected", message: { outcome: "failed" } });
  expect(page.html).toContain("the operator has to check GOOGLE_OAUTH_CLIENT_ID");
  expect(page.html).not.toContain("redirect_uri_mismatch");
  const logs = stage.server.logs.join("");
  expect(logs).toContain('"vendorCode":"redirect_uri_mismatch"');
  expect(logs).not.toContain(vendorText);
});

test("an expired state has ended", async () => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const callback = await stage.decide(flow);
  stage.time.ahead = 600_000;
  for (const options of [{ cookie: flow.cookie }, {}])
    expect(await stage.visit(callback, options)).toMatchObject({ status: 400, title: "This link has ended" });
  expect(stage.exchanges()).toBe(0);
  expect(await stage.statusOf(flow)).toBe("EXPIRED");
});

/** What becomes of a good callback. */
const uselessCallbacks: Record<string, (callback: string) => string> = {
  "no parameters": (callback) => callback.split("?")[0]!,
  "no state": (callback) => callback.replace(/state=[^&]*&?/, ""),
  "no code": (callback) => callback.replace(/code=[^&]*&?/, ""),
  "an empty code": (callback) => callback.replace(/code=[^&]*/, "code="),
  "another state": (callback) => callback.replace(/state=[^&]*/, "state=unknown"),
  "a state with a character too many": (callback) => callback.replace(/state=[^&]*/, "$&A"),
  "two states": (callback) => `${callback}&state=x`,
  "the same state twice": (callback) => `${callback}&${/state=[^&]*/.exec(callback)![0]}`,
  "two codes": (callback) => `${callback}&code=x`,
  "a code of 5000 characters": (callback) => callback.replace(/code=[^&]*/, `code=${"x".repeat(5_000)}`),
  "another provider's path": (callback) => callback.replace("google", "anthropic"),
  "an unknown provider's path": (callback) => callback.replace("google", "nobody"),
};

test.each(Object.entries(uselessCallbacks))(
  "with %s the link has ended, and nothing happens",
  async (_name, change) => {
    await using stage = await startCallbackStage();
    const flow = await stage.begin("alice");
    const callback = change(await stage.decide(flow));
    for (const options of [{ cookie: flow.cookie }, {}]) {
      const page = await stage.visit(callback, options);
      expect(page).toMatchObject({ status: 400, title: "This link has ended" });
      expect(page.message).toEqual({ type: "maestro-auth:flow", outcome: "unknown" });
    }
    await expectUntouched(stage, flow);
  },
);

test.each(["POST", "HEAD"] as const)("%s does nothing", async (method) => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const callback = await stage.decide(flow);
  expect((await stage.visit(callback, { cookie: flow.cookie, method })).status).toBe(405);
  await expectUntouched(stage, flow);
});

test("who says no at the provider is told so, and the flow is DENIED", async () => {
  await using stage = await startCallbackStage();
  stage.google.user = { decision: "deny", name: "alice" };
  const flow = await stage.begin("alice");
  const callback = await stage.decide(flow);
  expect((await stage.visit(callback)).message).toMatchObject({ code: null, error: "access_denied" });
  await expectUntouched(stage, flow);
  const page = await stage.visit(callback, { cookie: flow.cookie });
  expect(page).toMatchObject({ status: 200, title: "Not connected" });
  expect(page.html).toContain("was declined");
  expect(page.message).toEqual({ type: "maestro-auth:flow", outcome: "denied" });
  expect(stage.exchanges()).toBe(0);
  expect(await stage.statusOf(flow)).toBe("DENIED");
});

const faults: Record<string, AuthorizationFault> = {
  "500": { kind: "status", status: 500 },
  "a refusal": { kind: "status", status: 400, body: { error: "invalid_grant", error_description: vendorText } },
  "an unknown client": {
    kind: "status",
    status: 401,
    body: { error: "invalid_client", error_description: vendorText },
  },
  "a lost answer": { kind: "lost" },
  silence: { kind: "hang" },
  "a page": { kind: "html" },
  "tokens inside a page": { kind: "in-a-page" },
};

test.each(Object.entries(faults))("%s: the page says that nothing was stored", async (_name, fault) => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const callback = await stage.decide(flow);
  stage.google.next("/token", fault);
  const page = await stage.visit(callback, { cookie: flow.cookie });
  expect(page).toMatchObject({ status: 200, title: "Not connected" });
  expect(page.html).toContain("nothing was stored");
  expect(page.html).not.toContain(vendorText);
  expect(page.message).toEqual({ type: "maestro-auth:flow", outcome: "failed" });
  expect(await stage.statusOf(flow)).toBe("FAILED");
  expect(await stage.credentialsOf("alice")).toEqual([]);
});

test("an error that the provider redirects with ends the flow, without its text", async () => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const query = `state=${flow.state}&error=invalid_scope&error_description=${encodeURIComponent(vendorText)}`;
  const page = await stage.visit(`/auth/google/callback?${query}`, { cookie: flow.cookie });
  expect(page.message).toEqual({ type: "maestro-auth:flow", outcome: "failed" });
  expect(page.html).not.toContain("invalid_scope");
  expect(page.html).not.toContain(vendorText);
  expect(stage.exchanges()).toBe(0);
  expect(await stage.statusOf(flow)).toBe("FAILED");
});

test.each([
  ["the issuer is another one", (callback: string) => callback.replace(/iss=[^&]*/, "iss=https%3A%2F%2Fevil.example")],
  ["the issuer is missing", (callback: string) => callback.replace(/&?iss=[^&]*/, "")],
])("where %s the code goes to nobody (RFC 9207)", async (_name, change) => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const page = await stage.visit(change(await stage.decide(flow)), { cookie: flow.cookie });
  expect(page.title).toBe("Not connected");
  expect(stage.exchanges()).toBe(0);
  expect(await stage.credentialsOf("alice")).toEqual([]);
});

test.each([
  ["the issuer comes twice", (callback: string) => callback.replace(/iss=[^&]*/, "$&&$&")],
  ["two errors come beside the code", (callback: string) => `${callback}&error=access_denied&error=x`],
  ["the code comes twice", (callback: string) => `${callback}&code=other`],
])("where %s the answer is none (RFC 6749, section 3.1)", async (_name, change) => {
  await using stage = await startCallbackStage();
  const flow = await stage.begin("alice");
  const page = await stage.visit(change(await stage.decide(flow)), { cookie: flow.cookie });
  expect(page.title).toBe("This link has ended");
  await expectUntouched(stage, flow);
});
