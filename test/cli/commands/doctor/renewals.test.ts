import { expect, test } from "vitest";
import { checkRenewals } from "../../../../src/cli/commands/doctor/renewals.ts";
import { signIn } from "../../../connect/oauth/oauth-stage.ts";
import { refresh, refuse, setRefreshStage } from "../../../refresh/refresh-stage.ts";

const refusal = (status: number, error: string) => ({ kind: "status", status, body: { error } }) as const;

test("refused renewals are told by provider and code, and a refused client with what to check", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id, database } = stage;
  expect(await checkRenewals(database)).toEqual({ status: "ok", detail: "no provider refuses to refresh a sign-in" });

  refuse(stage, refusal(400, "app_session_expired"));
  await refresh(alice, id);
  expect(await checkRenewals(database)).toEqual({
    status: "warn",
    cause: "Providers refuse to refresh sign-ins: anthropic: app_session_expired, 1 sign-in of 1 user.",
    cure: "Look up the code in the provider's reference. If only one user is affected, it resolves itself.",
  });

  const bob = await stage.client("bob");
  const others = [await signIn(bob, "anthropic"), await signIn(bob, "anthropic", { label: "second" })];
  for (const { refresh_token: token } of stage.vendor.answers.slice(1)) {
    stage.vendor.troubles.set(token as string, refusal(401, "invalid_client"));
  }
  for (const other of others) await refresh(bob, other.id);
  expect(await checkRenewals(database)).toEqual({
    status: "warn",
    cause:
      "Providers refuse to refresh sign-ins: anthropic: invalid_client, 2 sign-ins of 1 user; anthropic: app_session_expired, 1 sign-in of 1 user.",
    cure: "Check this provider's OAuth client: its variables here, and its registration there.",
  });

  stage.vendor.troubles.clear();
  await refresh(alice, id);
  for (const other of others) await refresh(bob, other.id);
  expect((await checkRenewals(database)).status).toBe("ok");
});
