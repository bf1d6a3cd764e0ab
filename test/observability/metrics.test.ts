import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { authenticateMutation, refreshCredentialMutation, sessionsQuery, viewerQuery } from "../client/operations.ts";
import { credentialEventsSubscription, endOtherSessionsMutation } from "../client/operations.ts";
import { expire, issue as issueRenewed, makeDue, setRefreshStage } from "../refresh/refresh-stage.ts";
import { connectKey, end, issue, setSessionStage, startSession } from "../sessions/session-stage.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp, type TestApp } from "../support/test-app.ts";
import { faultsOf, load } from "../support/test-config.ts";

const on = { METRICS: "true" };
const token = "a-token-that-only-the-scraper-has-0123456789";

const read = ({ baseUrl }: Pick<TestApp, "baseUrl">, headers: Record<string, string> = {}, method = "GET") =>
  fetch(`${baseUrl}/metrics`, { headers, method });

/** The samples whose lines begin with a text, without it, and their values. */
async function samples(server: Pick<TestApp, "baseUrl">, name: string): Promise<Record<string, number>> {
  const text = await (await read(server)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = "", value] = /^[a-z_]+(?:\{(.*)\})? (\S+)$/.exec(line)!;
      return [labels, Number(value)];
    }),
  );
}

test("root fields are counted by their own names and codes on every transport, whatever clients call their operations", async () => {
  await using stage = await setSessionStage({ environment: on });
  const client = await stage.client("alice");
  await client.post({ query: "query HerOperation { herAlias: viewer { userId } }" });
  await client.execute(viewerQuery);
  await issue(client, { provider: "anthropic" });
  expect((await (await stage.client("alice", [])).send(viewerQuery)).errors).toBeUndefined();
  await (
    await stage.client("alice", [])
  ).post({
    query: 'mutation { issueAccess(input: { provider: "anthropic" }) { __typename } }',
  });
  expect(await samples(stage, "maestro_graphql_fields_total")).toEqual({
    'field="viewer",code="OK"': 3,
    'field="issueAccess",code="CREDENTIAL_NOT_FOUND"': 1,
    'field="issueAccess",code="FORBIDDEN"': 1,
  });
  expect(await samples(stage, "maestro_graphql_field_duration_seconds_count")).toEqual({
    'field="viewer"': 3,
    'field="issueAccess"': 2,
  });
  await client.post({ query: "query {" });
  await client.post({ query: "{ nonesuch }" });
  await using socket = await client.subscribeWebSocket(sessionsQuery, {});
  await socket.next();
  expect(await samples(stage, "maestro_graphql_fields_total")).toMatchObject({ 'field="viewer",code="OK"': 4 });
  expect(await samples(stage, "maestro_graphql_refused_total")).toEqual({
    'code="GRAPHQL_PARSE_FAILED"': 1,
    'code="GRAPHQL_VALIDATION_FAILED"': 1,
  });
});

test("HTTP requests are counted by route and status, and a path that is no route has no name of its own", async () => {
  await using server = await startTestApp({ environment: on });
  for (const path of ["/health", "/nowhere", "/nowhere-else", "/auth/nobody/callback", "/graphql"]) {
    await (await fetch(server.baseUrl + path)).arrayBuffer();
  }
  await expect
    .poll(() => samples(server, "maestro_http_requests_total"), { timeout: 60_000 })
    .toMatchObject({
      'route="/health",status="200"': 1,
      'route="other",status="404"': 2,
      'route="/auth/:provider/callback",status="400"': 1,
      'route="/graphql",status="405"': 1,
    });
});

test("open sockets, streams and subscriptions, and the events that they bring, are counted while they are there", async () => {
  await using stage = await setSessionStage({ environment: on });
  const client = await stage.client("alice");
  const field = 'field="credentialEvents"';
  const state = async () => ({
    sockets: (await samples(stage, "maestro_websockets_open"))[""],
    streams: (await samples(stage, "maestro_event_streams_open"))[""],
    subscriptions: (await samples(stage, "maestro_subscriptions_open"))[field] ?? 0,
    events: (await samples(stage, "maestro_events_delivered_total"))[field] ?? 0,
  });
  expect(await state()).toEqual({ sockets: 0, streams: 0, subscriptions: 0, events: 0 });
  {
    await using socket = await client.subscribeWebSocket(credentialEventsSubscription, {});
    await using stream = await client.subscribeSse(credentialEventsSubscription, {});
    await expect.poll(state, { timeout: 60_000 }).toEqual({ sockets: 1, streams: 1, subscriptions: 2, events: 0 });
    await connectKey(client, stage);
    await Promise.all([socket.next(), stream.next()]);
    expect(await state()).toEqual({ sockets: 1, streams: 1, subscriptions: 2, events: 2 });
  }
  await expect.poll(state, { timeout: 60_000 }).toEqual({ sockets: 0, streams: 0, subscriptions: 0, events: 2 });
});

test("issueAccess is counted by provider, source and outcome; refreshes by provider, outcome and lateness", async () => {
  await using stage = await setRefreshStage("anthropic", {
    environment: { ...on, OPENAI_API_KEY: "the-servers-openai-key" },
  });
  const { alice, id } = stage;
  await issueRenewed(alice, { provider: "anthropic" });
  await issue(alice, { provider: "openai" });
  await issue(alice, { provider: "google" });
  await issue(alice, { provider: "nonesuch" });
  await makeDue(stage);
  await issueRenewed(alice, { provider: "anthropic" });
  await expire(stage);
  await issueRenewed(alice, { provider: "anthropic" });
  await alice.execute(refreshCredentialMutation, { input: { credentialId: id } });
  expect(await samples(stage, "maestro_access_total")).toEqual({
    'provider="anthropic",source="stored",outcome="succeeded"': 3,
    'provider="openai",source="environment",outcome="succeeded"': 1,
    'provider="google",source="none",outcome="CREDENTIAL_NOT_FOUND"': 1,
    'provider="none",source="none",outcome="PROVIDER_NOT_FOUND"': 1,
  });
  expect(await samples(stage, "maestro_refreshes_total")).toEqual({
    'provider="anthropic",outcome="succeeded",late="false"': 2,
    'provider="anthropic",outcome="succeeded",late="true"': 1,
  });
  // Nobody was late with the one that was asked for before its time.
  expect(await samples(stage, "maestro_refresh_lag_seconds_count")).toEqual({ 'provider="anthropic"': 2 });
  expect(await samples(stage, "maestro_provider_circuit_open")).toEqual({ 'provider="anthropic"': 0 });
});

test("no label holds a user, a secret or a client's text", async () => {
  const secrets = ["alice-the-user", "sk-ant-the-key", "her-label", "HerOperation", "her-agent", "nonesuch-provider"];
  await using stage = await setSessionStage({ environment: on });
  const client = await stage.client("alice-the-user");
  await connectKey(client, stage, { label: "her-label" });
  await client.post(
    {
      query:
        'mutation HerOperation { a: authenticate(input: { provider: "anthropic", label: "her-label", credential: { apiKey: "sk-ant-the-key" } }) { __typename } b: authenticate(input: { provider: "nonesuch-provider", credential: { apiKey: "sk-ant-the-key" } }) { __typename } issueAccess(input: { provider: "nonesuch-provider" }) { __typename } }',
    },
    { "user-agent": "her-agent" },
  );
  await fetch(`${stage.baseUrl}/nonesuch-provider?key=sk-ant-the-key`);
  await fetch(`${stage.baseUrl}/auth/nonesuch-provider/callback?code=sk-ant-the-key`);
  const text = await (await read(stage)).text();
  expect(text).toContain('field="authenticate"');
  for (const secret of [...secrets, stage.api.key]) expect(text).not.toContain(secret);
  const labels = new Set(
    text
      .split("\n")
      .flatMap((line) =>
        [...(/^maestro_\w+\{(.*)\} /.exec(line)?.[1] ?? "").matchAll(/(\w+)="/g)].map(([, name]) => name),
      ),
  );
  const allowed = [
    "route",
    "status",
    "field",
    "code",
    "le",
    "provider",
    "operation",
    "source",
    "outcome",
    "late",
    "state",
    "statement",
  ];
  expect([...labels].filter((label) => !allowed.includes(label!))).toEqual([]);
});

test("the process itself is measured: memory, CPU and the event loop's delay; PostgreSQL's connections where there are any", async () => {
  await using server = await startTestApp({ environment: on });
  const text = await (await read(server)).text();
  for (const name of ["process_cpu_seconds_total", "nodejs_heap_size_used_bytes", "nodejs_eventloop_lag_p99_seconds"]) {
    expect(text).toMatch(new RegExp(`^${name} `, "m"));
  }
  expect(text).toContain("# TYPE maestro_database_connections gauge");
});

test("where metrics are off there is no such page", async () => {
  await using server = await startTestApp();
  expect((await read(server)).status).toBe(404);
});

test("with METRICS_TOKEN nobody reads metrics who does not show it", async () => {
  await using server = await startTestApp({ environment: { ...on, METRICS_TOKEN: token } });
  const caller = await server.token("alice", { scopes: ["admin"] });
  for (const authorization of [
    undefined,
    token,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${caller}`,
  ]) {
    const response = await read(server, authorization === undefined ? {} : { authorization });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(await response.text()).not.toContain("maestro_");
  }
  const response = await read(server, { authorization: `Bearer ${token}` });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await response.text()).toContain("maestro_http_requests_total");
  expect((await read(server, { authorization: `Bearer ${token}` }, "POST")).status).toBe(405);
  expect(await (await read(server, { authorization: `Bearer ${token}` }, "HEAD")).text()).toBe("");
});

test("metrics are on in development, and in production only when they are switched on and have a token", () => {
  expect(load().metrics).toEqual({ token: null });
  expect(load({ METRICS: "false" }).metrics).toBeNull();
  const production = { NODE_ENV: "production" };
  expect(load(production).metrics).toBeNull();
  expect(load({ ...production, METRICS_TOKEN: token }).metrics).toBeNull();
  expect(load({ ...production, METRICS: "true", METRICS_TOKEN: token }).metrics?.token?.reveal()).toBe(token);
  expect(faultsOf({ ...production, METRICS: "true" })).toEqual(["METRICS_TOKEN"]);
  expect(faultsOf({ METRICS_TOKEN: token.slice(0, 31) })).toEqual(["METRICS_TOKEN"]);
  expect(faultsOf({ METRICS_TOKEN: `${token} ${token}` })).toEqual(["METRICS_TOKEN"]);
});

test("calls to providers are timed by operation and outcome, and a refused key is not a provider that is away", async () => {
  await using provider = await startMockProvider("anthropic");
  await using server = await startTestApp({ environment: { ...on, ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  const client = await server.client("alice");
  const connect = (apiKey: string) =>
    client.execute(authenticateMutation, { input: { provider: "anthropic", credential: { apiKey } } });
  await connect(provider.key);
  await connect("sk-ant-api03-unknown");
  provider.next({ kind: "reset" });
  await connect(provider.key);
  const call = 'provider="anthropic",operation="check",outcome=';
  expect(await samples(server, "maestro_provider_call_duration_seconds_count")).toEqual({
    [`${call}"succeeded"`]: 1,
    [`${call}"INVALID_CREDENTIAL"`]: 1,
    [`${call}"PROVIDER_UNAVAILABLE"`]: 1,
  });
});

test("statements are timed by name, or by verb and table, and none has a value in its name", async () => {
  await using stage = await setSessionStage({ environment: on });
  const client = await stage.client("alice");
  await connectKey(client, stage);
  await issue(client, { provider: "anthropic" });
  const counts = await samples(stage, "maestro_database_statement_duration_seconds_count");
  const names = Object.keys(counts).map((label) => /^statement="(.*)"$/.exec(label)![1]!);
  expect(names).toEqual(expect.arrayContaining(["insert provider_credentials", "insert audit_log"]));
  const isName = /^([a-z][a-z-_ ]{0,40})$/;
  expect(names.filter((name) => !isName.test(name))).toEqual([]);
  expect(names.length).toBeLessThan(100);
  expect(counts['statement="insert audit_log"']).toBeGreaterThan(0);
});

test("sessions are timed at their end by reason, and the sweep counts what it did", async () => {
  await using stage = await setSessionStage({
    environment: { ...on, SESSION_TIMEOUT: "3600" },
    sweepIntervalMs: 50,
  });
  const client = await stage.client("alice");
  const first = await startSession(client);
  await startSession(client);
  await startSession(client);
  const kept = await startSession(client);
  await end(client, first);
  await end(client, first);
  await client.execute(endOtherSessionsMutation, { input: { keepSessionId: kept } });
  const ended = () => samples(stage, "maestro_session_duration_seconds_count");
  expect(await ended()).toEqual({ 'reason="ended"': 1, 'reason="ended_others"': 2 });
  await stage.database
    .em()
    .execute("update sessions set expires_at = now() - interval '1 s', notice_at = now() where status = 'active'");
  await expect.poll(ended, { timeout: 60_000 }).toEqual({
    'reason="ended"': 1,
    'reason="ended_others"': 2,
    'reason="expired"': 1,
  });
  expect(await samples(stage, "maestro_session_cleanup_total")).toEqual({ 'action="expired"': 1 });
  expect(await samples(stage, "maestro_session_cleanup_duration_seconds_count")).toEqual({ "": 1 });
});

test("every metric of the code is in the table of docs/metrics.md, and none is there that is not in the code", async () => {
  const page = await readFile(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| ([^|]*`maestro_[^|]*)\| ([^|]*)\|/gm)];
  const documented = rows.flatMap(([, names = ""]) => [...names.matchAll(/`(maestro_\w+)`/g)].map(([, name]) => name!));
  await using server = await startTestApp({ environment: on });
  const text = await (await read(server)).text();
  const present = [...text.matchAll(/^# TYPE (maestro_\w+) /gm)].map(([, name]) => name!);
  expect(documented.toSorted()).toEqual(present.toSorted());
});
