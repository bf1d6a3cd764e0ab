import { expect, test } from "vitest";
import { issueAccessMutation } from "../../client/operations.ts";
import { begin, complete, consent, dump, type OAuthStage, readFlow, setOAuthStage } from "./oauth-stage.ts";

const accessToken = "access-token-that-nobody-may-see";
const refreshToken = "refresh-token-that-nobody-may-see";

/** A second provider that users could sign in at. */
const anthropicClient = {
  ANTHROPIC_OAUTH_CLIENT_ID: "a-client",
  ANTHROPIC_OAUTH_TOKEN_URL: "http://127.0.0.1:9/token",
};

const tables = [
  "oauth_flows",
  "provider_credentials",
  "credential_uses",
  "user_streams",
  "events",
  "audit_log",
  "encryption_keys",
];

/** What only the authorization server and sealed bytes may hold. */
function secretsOf({ vendor }: OAuthStage): string[] {
  const sent = vendor.requests.flatMap(({ body }) =>
    ["code", "code_verifier", "user_code", "device_auth_id"].flatMap((name) => body[name] ?? []),
  );
  return [...sent, accessToken, refreshToken];
}

/** Neither as text nor as the bytes of that text. */
function expectNone(places: readonly string[], secrets: readonly string[]): void {
  const text = places.join("\n");
  const found = secrets.filter((secret) =>
    [secret, Buffer.from(secret).toString("hex"), Buffer.from(secret).toString("base64").replaceAll("=", "")].some(
      (form) => text.includes(form),
    ),
  );
  expect(found).toEqual([]);
}

test.each(["anthropic", "openai", "google"] as const)(
  "%s: code, verifier, state and tokens stand in no answer, no row and no log line, however a flow ends",
  async (kind) => {
    await using stage = await setOAuthStage(kind, { http: { deadlineMs: 1_000 } });
    const client = await stage.client("alice");
    stage.vendor.tokenOverrides = { access_token: accessToken, refresh_token: refreshToken };
    const pending = await begin(client, kind);
    const flows = [await consent(client, kind), await consent(client, kind), await consent(client, kind)];
    const [completed, lost, untrusted] = flows;
    const rowsBefore = await dump(stage.database, ...tables);

    const answers: unknown[] = [];
    answers.push(await complete(client, { pasted: completed!.callback.href }));
    stage.vendor.next("/token", { kind: "lost" });
    answers.push(await complete(client, { code: lost!.answer }));
    stage.vendor.tokenOverrides = { ...stage.vendor.tokenOverrides, token_type: "mac" };
    answers.push(await complete(client, { code: untrusted!.answer }));
    answers.push(await complete(client, { code: completed!.answer }));
    for (const { flow } of flows) answers.push(await readFlow(client, flow.id));
    expect(answers).toMatchObject([
      { __typename: "CompleteOAuthPayload" },
      { __typename: "ProviderUnavailableError" },
      { __typename: "InvalidCredentialError" },
      { __typename: "OAuthStateError" },
      { status: "COMPLETED" },
      { status: "FAILED" },
      { status: "FAILED" },
    ]);

    const states = [pending, ...flows.map(({ flow }) => flow)].map(({ state }) => state!);
    const secrets = [...secretsOf(stage), ...states];
    expect(secrets.length).toBeGreaterThanOrEqual(3 * 2 + 2 + states.length);
    const rows = await dump(stage.database, ...tables);
    expectNone([...answers.map((answer) => JSON.stringify(answer)), ...rowsBefore, ...rows, ...stage.logs], secrets);

    const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: kind } });
    expect(JSON.stringify(issueAccess)).toContain(accessToken);
    expectNone([JSON.stringify(issueAccess)], [refreshToken]);
  },
);

test("a flow that has ended keeps no sealed bytes; one that is pending has them only sealed", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  await begin(client, "google");
  const { answer } = await consent(client, "google");
  await complete(client, { code: answer });
  const rows = await stage.database
    .em()
    .execute<{ status: string; bytes: number; hash: number }[]>(
      "select status, length(secrets) as bytes, length(state_hash) as hash from oauth_flows order by status",
    );
  expect(rows).toEqual([
    { status: "completed", bytes: 0, hash: 32 },
    { status: "pending", bytes: expect.any(Number), hash: 32 },
  ]);
  expect(rows[1]!.bytes).toBeGreaterThan(256);
});

test("sealed bytes that were moved to another flow do not open", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const [mine, other] = [await consent(client, "google"), await begin(client, "google")];
  await stage.database
    .em()
    .execute("update oauth_flows a set secrets = b.secrets from oauth_flows b where a.id <> b.id");
  expect((await complete(client, { code: mine.answer })).__typename).toBe("OAuthStateError");
  expect((await readFlow(client, other.id)).status).toBe("PENDING");
  expect(stage.vendor.requests.filter(({ path }) => path === "/token")).toEqual([]);
});

test("a flow that was moved to another user does not open for that user", async () => {
  await using stage = await setOAuthStage("google");
  const { answer } = await consent(await stage.client("alice"), "google");
  await stage.database.em().execute("update oauth_flows set user_id = 'bob'");
  expect((await complete(await stage.client("bob"), { code: answer })).__typename).toBe("OAuthStateError");
  expect(stage.vendor.requests.filter(({ path }) => path === "/token")).toEqual([]);
  expect(await dump(stage.database, "provider_credentials")).toEqual([]);
});

test("a flow that was moved to another provider does not open there", async () => {
  await using stage = await setOAuthStage("google", { environment: anthropicClient });
  const client = await stage.client("alice");
  const { answer } = await consent(client, "google");
  await stage.database.em().execute("update oauth_flows set provider = 'anthropic'");
  expect((await complete(client, { code: answer })).__typename).toBe("OAuthStateError");
  expect(stage.vendor.requests.filter(({ path }) => path === "/token")).toEqual([]);
});

test("a device code is sealed too", async () => {
  await using stage = await setOAuthStage("openai");
  const client = await stage.client("alice");
  await begin(client, "openai", { kind: "DEVICE" });
  await stage.database.em().execute("update oauth_flows set next_poll_at = now()");
  const polls = () => stage.vendor.requests.filter(({ path }) => path === "/api/accounts/deviceauth/token");
  await expect.poll(() => polls().length).toBe(1);
  const deviceCode = polls()[0]!.body["device_auth_id"]!;
  expectNone([...(await dump(stage.database, ...tables)), ...stage.logs], [deviceCode]);
});
