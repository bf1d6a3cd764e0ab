import { expect, test } from "vitest";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { grant, issue, makeDue, readRow, sentRefreshTokens, setRefreshStage, startNeighbour } from "./refresh-stage.ts";

const input = { provider: "anthropic" };
const hourly = (points: number) => ({ points, seconds: 3_600 });

test("whoever rejects grant after grant has one renewal forced, then has to wait", async () => {
  await using stage = await setRefreshStage("anthropic");
  let { grantId } = await grant(stage.alice, input);
  ({ grantId } = await grant(stage.alice, { ...input, rejectedGrantId: grantId }));
  for (let rejected = 0; rejected < 20; rejected++) {
    const refused = await issue(stage.alice, { ...input, rejectedGrantId: grantId });
    expect(refused).toMatchObject({
      __typename: "RateLimitedError",
      message: expect.stringContaining("Too many refreshes of this credential after a rejected grant.") as string,
    });
  }
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(1);
  expect((await grant(stage.alice, input)).grantId).toBe(grantId);
});

test("after the time between two of them another renewal is forced", async () => {
  await using stage = await setRefreshStage("anthropic", {
    rateLimits: { "rejected-credential": { points: 1, seconds: 1 } },
  });
  const { grantId } = await grant(stage.alice, input);
  const second = await grant(stage.alice, { ...input, rejectedGrantId: grantId });
  await expect
    .poll(async () => (await issue(stage.alice, { ...input, rejectedGrantId: second.grantId })).__typename)
    .toBe("IssueAccessPayload");
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(2);
});

test("they count with the renewals that the user asks for, over all sign-ins", async () => {
  await using stage = await setRefreshStage("anthropic", { rateLimits: { "refresh-user": hourly(2) } });
  for (const label of ["b", "c"]) await signIn(stage.alice, "anthropic", { label });
  const types = [];
  for (const label of ["default", "b", "c"]) {
    const { grantId } = await grant(stage.alice, { ...input, label });
    types.push((await issue(stage.alice, { ...input, label, rejectedGrantId: grantId })).__typename);
  }
  expect(types).toEqual(["IssueAccessPayload", "IssueAccessPayload", "RateLimitedError"]);
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(2);
});

test("many who report the same grant are counted once, and one process's count holds in the other", async () => {
  await using stage = await setRefreshStage("anthropic", { rateLimits: { "refresh-user": hourly(1) } });
  const { grantId } = await grant(stage.alice, input);
  const asked = { ...input, rejectedGrantId: grantId };
  const grants = await Promise.all(Array.from({ length: 20 }, () => grant(stage.alice, asked)));
  expect(new Set(grants.map(({ token }) => token)).size).toBe(1);
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(1);
});

test("what cannot be renewed now is not counted, and says why instead", async () => {
  await using stage = await setRefreshStage("anthropic", { rateLimits: { "refresh-user": hourly(1) } });
  const { grantId } = await grant(stage.alice, input);
  const asked = { ...input, rejectedGrantId: grantId };
  await stage.database
    .em()
    .execute("update provider_credentials set earliest_refresh_at = clock_timestamp() + interval '1 hour'");
  for (let tried = 0; tried < 3; tried++) {
    expect((await issue(stage.alice, asked)).__typename).toBe("ProviderUnavailableError");
  }
  await stage.database.em().execute("update provider_credentials set earliest_refresh_at = null");
  expect((await issue(stage.alice, asked)).__typename).toBe("IssueAccessPayload");
});

test("renewals that are due are never counted", async () => {
  await using stage = await setRefreshStage("anthropic", { rateLimits: { "refresh-user": hourly(1) } });
  for (let version = 2; version < 5; version++) {
    await makeDue(stage);
    await grant(stage.alice, input);
    expect(await readRow(stage)).toMatchObject({ version });
  }
  await using neighbour = await startNeighbour(stage);
  expect((await issue(await neighbour.client("alice"), input)).__typename).toBe("IssueAccessPayload");
});
