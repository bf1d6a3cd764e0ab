import { expect, test } from "vitest";
import { operator } from "../../../src/cli/operator.ts";
import { commandStage } from "../command-stage.ts";

test("sessions are listed for one user or for all, and end by their ids", async () => {
  await using stage = await commandStage();
  const [mine, other] = await stage.within(async ({ services: { sessions } }) => [
    await sessions.start(operator("alice"), "phone"),
    await sessions.start(operator("bob"), null),
  ]);
  const list = async (...args: string[]) => {
    const { stdout } = await stage.run(["sessions", "list", "--json", ...args]);
    return (JSON.parse(stdout) as { sessions: { id: string; status: string }[] }).sessions;
  };
  expect((await list("--all")).map(({ id }) => id)).toEqual([mine.id, other.id]);
  expect(await list("--user", "alice")).toMatchObject([{ id: mine.id, label: "phone", status: "active" }]);

  const ended = await stage.run(["sessions", "end", "--user", "alice", mine.id, other.id]);
  expect(ended).toMatchObject({ code: 3, stdout: `Ended ${mine.id}.\n` });
  expect(ended.stderr).toContain(`${other.id}: This user has none with this id. (SESSION_NOT_FOUND)`);
  expect((await list("--all", "--status", "active")).map(({ id }) => id)).toEqual([other.id]);
});
