import { expect, test } from "vitest";
import { userScopes } from "../../../src/callers/scope.ts";
import { signToken } from "../../../src/callers/token-verifier.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { issueAccessMutation } from "../../client/operations.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { TestClient } from "../../support/test-client.ts";
import { startOidcStageProvider } from "./oidc-stage-provider.ts";
import { RefreshStage } from "./refresh-stage.ts";

const tokens = 20;
const callers = 20;
const processes = 4;
/** Only the callers act. */
const never = 3_600_000;

/** For each of the users' credentials, calls that are spread over all processes. */
function spread<Row, Result>(rows: readonly Row[], call: (row: Row, process: number) => Promise<Result>) {
  return Promise.all(
    rows.map((row) => Promise.all(Array.from({ length: callers }, (_, caller) => call(row, caller % processes)))),
  );
}

/**
 * On a machine so busy that a caller loses patience it asks again, as callers do: the refresh goes on all the while.
 */
async function patiently<Answer>(call: () => Promise<Answer>, errorOf: (answer: Answer) => string | null) {
  for (;;) {
    const answer = await call();
    if (!errorOf(answer)?.includes("has not answered yet")) return answer;
  }
}

async function expectOneRefreshEach(stage: RefreshStage): Promise<void> {
  const rows = await stage.rows();
  const states = rows.map(({ status, tokenVersion, leaseEpoch, failCount }) => [
    status,
    tokenVersion,
    leaseEpoch,
    failCount,
  ]);
  expect(states).toEqual(Array.from({ length: tokens }, () => ["active", 2, 2, 0]));
  expect(await stage.silentlyWrong()).toEqual([]);
  const events = await stage.events();
  expect(events.filter(({ type }) => type === "TokenRefreshed")).toHaveLength(tokens);
  expect(events.filter(({ type }) => type === "TokenRefreshFailed")).toEqual([]);
}

test(`${callers} callers on each of ${tokens} expired tokens, in ${processes} processes, make ${tokens} token calls`, async ({
  skip,
}) => {
  await using provider = await startOidcStageProvider();
  await using stage = await RefreshStage.set({ provider, credentials: tokens });
  if (stage === null) skip("the embedded database has one process");
  await using children = await stage!.startAll(processes, { intervalMs: never });
  await stage!.expire();
  const errors = await spread(await stage!.rows(), (row, process) =>
    patiently(
      () => children[process]!.renew(row),
      (error) => error,
    ),
  );
  expect(errors.flat()).toEqual(Array.from({ length: tokens * callers }, () => null));
  expect(provider.oracle).toMatchObject({ refreshes: tokens, successes: tokens, reuses: 0 });
  await expectOneRefreshEach(stage!);
});

/** Whole servers, each with a data folder of its own. */
async function startServers(stage: RefreshStage) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const environments = Array.from({ length: processes }, (_, index) => ({
    ...stage.environment,
    DATA_DIR: `${folder.path}/${index}`,
  }));
  const servers = await Promise.all(environments.map((environment) => ServerProcess.start(environment)));
  for (const server of servers) stack.use(server);
  const { callerTokens } = loadConfig([], stage.environment);
  const started = stack.move();
  return {
    async client(user: string, index: number) {
      if (callerTokens.kind !== "secret") throw new Error("these servers do not take such tokens");
      const token = await signToken(callerTokens, { subject: user, scopes: userScopes, lifetime: 3600 }, systemClock);
      return new TestClient(servers[index]!.baseUrl, token);
    },
    /** Why the server gave no data stands in its log alone. */
    explain: (index: number) => (cause: unknown) => {
      throw new Error(servers[index]!.output, { cause });
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

test(`of ${processes} servers all callers get the headers of the one refresh`, async ({ skip }) => {
  await using provider = await startOidcStageProvider();
  await using stage = await RefreshStage.set({ provider, name: "anthropic", credentials: tokens });
  if (stage === null) skip("the embedded database has one process");
  await using servers = await startServers(stage!);
  await stage!.expire();
  const answers = await spread(await stage!.rows(), async ({ userId }, process) => {
    const client = await servers.client(userId, process);
    const input = { provider: "anthropic" };
    const issue = () => client.execute(issueAccessMutation, { input }).catch(servers.explain(process));
    const { issueAccess } = await patiently(issue, ({ issueAccess: answer }) =>
      answer.__typename === "IssueAccessPayload" ? null : answer.message,
    );
    if (issueAccess.__typename !== "IssueAccessPayload") throw new Error(issueAccess.message);
    const { grantId, headers } = issueAccess.grant;
    return `${grantId} ${headers.find(({ name }) => name === "authorization")?.value}`;
  });
  for (const ofOneUser of answers) expect(new Set(ofOneUser).size).toBe(1);
  expect(new Set(answers.flat()).size).toBe(tokens);
  expect(provider.oracle).toMatchObject({ refreshes: tokens, successes: tokens, reuses: 0 });
  await expectOneRefreshEach(stage!);
});
