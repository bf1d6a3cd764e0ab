import { describe, expect, test, vi } from "vitest";
import { backOffSeconds } from "../../../src/connect/oauth/device-poller.ts";
import { Browser } from "../../support/authorization-server/browser.ts";
import type { AuthorizationFault } from "../../support/authorization-server/fault.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { patience } from "../../support/patience.ts";
import { startTestApp } from "../../support/test-app.ts";
import { begin, type OAuthStage, publicUrl, readFlow, setOAuthStage } from "./oauth-stage.ts";
import { pollNow, setStandardStage, standard } from "./standard-provider.ts";

const codePoll = "/api/accounts/deviceauth/token";
const protocols = {
  standard: { open: setStandardStage, start: "/device/auth", poll: "/token" },
  openai: {
    open: () => setOAuthStage("openai"),
    start: "/api/accounts/deviceauth/usercode",
    poll: codePoll,
  },
} as const;

const json = (status: number, error: unknown): AuthorizationFault => ({ kind: "status", status, body: { error } });

async function beginDevice(stage: OAuthStage, provider: string) {
  const client = await stage.client("alice");
  return { client, flow: await begin(client, provider, { kind: "DEVICE" }) };
}

/** When the flow is asked for next, and what it has been through; `wait` in seconds, by the database's clock. */
async function schedule({ database }: OAuthStage) {
  const [row] = await database
    .em()
    .execute<{ interval: number; failures: number; wait: number | null; status: string }[]>(
      `select poll_interval as interval, poll_failures as failures, status,
        extract(epoch from next_poll_at - now())::float8 as wait from oauth_flows`,
    );
  return row!;
}

const polls = ({ vendor }: OAuthStage, path: string) =>
  vendor.requests.filter((request) => request.path === path).length;

/** Makes one poll that is answered so. */
async function pollOnce(stage: OAuthStage, path: string, fault: AuthorizationFault | null): Promise<void> {
  const before = polls(stage, path);
  if (fault !== null) stage.vendor.next(path, fault);
  await pollNow(stage);
  await vi.waitFor(async () => {
    expect(polls(stage, path)).toBe(before + 1);
    // Longer than the lease: the answer has been dealt with.
    const { wait, status } = await schedule(stage);
    expect(status !== "pending" || wait === null || Math.abs(wait - 30) > 1).toBe(true);
  }, patience);
}

describe.each(Object.entries(protocols))("%s", (provider, { open, poll, start }) => {
  test("a user who has not decided is asked for again after the interval, and after slow_down five seconds later each time", async () => {
    await using stage = await open();
    await beginDevice(stage, provider);
    await pollOnce(stage, poll, null);
    expect(await schedule(stage)).toMatchObject({ interval: 5, failures: 0, status: "pending" });
    for (const interval of [10, 15]) {
      await pollOnce(stage, poll, json(400, "slow_down"));
      const { wait, ...row } = await schedule(stage);
      expect(row).toEqual({ interval, failures: 0, status: "pending" });
      expect(wait).toBeLessThanOrEqual(interval);
    }
  });

  test("answers that say nothing back off, end nothing, and are forgotten with the next good one", async () => {
    await using stage = await open();
    const { client, flow } = await beginDevice(stage, provider);
    const silent: AuthorizationFault[] = [{ kind: "reset" }, { kind: "status", status: 500 }, { kind: "html" }];
    for (const [index, fault] of silent.entries()) {
      await pollOnce(stage, poll, fault);
      expect(await schedule(stage)).toMatchObject({ interval: 5, failures: index + 1, status: "pending" });
    }
    // 5 s, doubled three times.
    expect((await schedule(stage)).wait).toBeGreaterThan(20);
    await pollOnce(stage, poll, null);
    expect(await schedule(stage)).toMatchObject({ interval: 5, failures: 0, status: "pending" });
    await new Browser().enterUserCode(flow.verificationUri!, flow.userCode!);
    await pollNow(stage);
    await vi.waitFor(async () => expect((await readFlow(client, flow.id)).status).toBe("COMPLETED"), patience);
  });

  test("a provider that asks to wait by Retry-After is left alone for so long", async () => {
    await using stage = await open();
    await beginDevice(stage, provider);
    await pollOnce(stage, poll, { kind: "status", status: 429, headers: { "retry-after": "300" } });
    const { wait, status } = await schedule(stage);
    expect(status).toBe("pending");
    expect(wait).toBeGreaterThan(200);
  });

  test.each([
    ["expired_token", "EXPIRED", "OAuthStateError"],
    ["access_denied", "DENIED", "OAuthDeniedError"],
    ["invalid_client", "FAILED", "ProviderUnavailableError"],
    ["unauthorized_client", "FAILED", "ProviderUnavailableError"],
    ["a_code_of_the_vendors_own", "FAILED", "Error"],
  ])("%s ends the flow as %s, with a reason", async (error, status, name) => {
    await using stage = await open();
    const { client, flow } = await beginDevice(stage, provider);
    await pollOnce(stage, poll, json(400, error));
    const ended = await readFlow(client, flow.id);
    expect(ended).toMatchObject({ status, credential: null });
    expect(ended.error!.__typename).toContain(name);
    expect(ended.error!.message).toMatch(/Start|start|Try again|operator/);
    expect((await schedule(stage)).wait).toBeNull();
  });

  test("a flow lives as long as the answer to its start says, and is not asked for afterwards", async () => {
    await using stage = await open();
    const codes = {
      device_code: "d",
      device_auth_id: "d",
      user_code: "ABCD",
      verification_uri: "https://as.example/d",
    };
    stage.vendor.next(start, { kind: "status", status: 200, body: { ...codes, expires_in: 2, interval: 30 } });
    const { client, flow } = await beginDevice(stage, provider);
    expect(new Date(flow.expiresAt).getTime()).toBeLessThanOrEqual(Date.now() + 2_000);
    await vi.waitFor(async () => expect((await readFlow(client, flow.id)).status).toBe("EXPIRED"), patience);
    const asked = polls(stage, poll);
    await pollNow(stage);
    // The poller looks every second; by then it would have asked.
    const other = await beginDevice(stage, provider);
    await pollNow(stage);
    await vi.waitFor(() => expect(polls(stage, poll)).toBe(asked + 1), patience);
    expect((await readFlow(client, other.flow.id)).status).toBe("PENDING");
  });
});

test("OpenAI: a poll that is refused because the code has expired ends the flow", async () => {
  await using stage = await setOAuthStage("openai");
  const { client, flow } = await beginDevice(stage, "openai");
  await pollOnce(stage, codePoll, json(403, { message: "code has expired" }));
  expect(await readFlow(client, flow.id)).toMatchObject({
    status: "EXPIRED",
    error: { __typename: "OAuthStateError" },
  });
});

test("a provider that cannot be reached for a while costs nobody the flow", async () => {
  await using vendorStage = await setStandardStage();
  const { vendor } = vendorStage;
  await using proxy = await FaultProxy.start({ port: Number(new URL(vendor.issuer).port) });
  const environment = {
    PUBLIC_URL: publicUrl,
    ...vendor.environment("standard"),
    STANDARD_OAUTH_TOKEN_URL: proxy.through(`${vendor.issuer}/token`),
  };
  // Two servers share the work, neither of them that of the stage.
  await vendorStage.app[Symbol.asyncDispose]();
  const { database } = vendorStage;
  await using server = await startTestApp({ catalog: [standard], database, environment });
  await using _other = await startTestApp({ catalog: [standard], database, environment });
  const stage = { ...vendorStage, client: (user: string) => server.client(user) };
  const { client, flow } = await beginDevice(stage, "standard");
  await new Browser().enterUserCode(flow.verificationUri!, flow.userCode!);
  await proxy.cut();
  await pollNow(stage);
  await vi.waitFor(async () => expect((await schedule(stage)).failures).toBe(1), patience);
  expect((await readFlow(client, flow.id)).status).toBe("PENDING");
  await proxy.restore();
  await pollNow(stage);
  await vi.waitFor(async () => expect((await readFlow(client, flow.id)).status).toBe("COMPLETED"), patience);
  expect(polls(stage, "/token")).toBe(1);
});

test("the wait doubles up to a minute, and is never shorter than the provider wants", () => {
  expect([1, 2, 3, 4, 5].map((failures) => backOffSeconds(5, failures, null))).toEqual([10, 20, 40, 60, 60]);
  expect(backOffSeconds(5, 1, 300)).toBe(300);
  expect(backOffSeconds(60, 1, 3)).toBe(60);
  expect(backOffSeconds(1, 10_000, null)).toBe(60);
});
