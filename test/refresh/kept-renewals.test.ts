import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { patience } from "../support/patience.ts";
import { createTestDatabase } from "../support/test-database.ts";
import {
  grant,
  never,
  readEvents,
  readRefreshAudit,
  readRow,
  refresh,
  type RefreshStage,
  setRefreshStage,
  startNeighbour,
} from "./refresh-stage.ts";

const input = { provider: "anthropic" };

/** A database that does not take renewals while `isAway`. */
async function fragileDatabase(code: string): Promise<Database & { isAway: boolean; refused: number }> {
  const database = await createTestDatabase();
  const fragile: Database & { isAway: boolean; refused: number } = {
    ...database,
    isAway: true,
    refused: 0,
    query: async (statement, values) => {
      if (!fragile.isAway || statement.name !== "store_renewal") return database.query(statement, values);
      fragile.refused += 1;
      throw Object.assign(new Error("the database is away"), { code });
    },
  };
  return fragile;
}

async function spooled({ config }: RefreshStage): Promise<string[]> {
  return (await readdir(join(config.dataDir, "spool"))).map((name) => join(config.dataDir, "spool", name));
}

/** A stage whose server dies, as far as refreshes go, between the answer's way to the disk and into the database. */
async function stageWithSpooledRenewal(): Promise<RefreshStage> {
  const faults = (point: string) => {
    if (point === "spooled") throw new Error("the process has died");
  };
  const stage = await setRefreshStage("anthropic", { refresh: { intervalMs: never, faults } });
  await expect(refresh(stage.alice, stage.id)).rejects.toThrow("no data");
  return stage;
}

/** The next process with the same data folder. */
async function restart(stage: RefreshStage, steps: string[] = []) {
  return startNeighbour(stage, {
    environment: { DATA_DIR: stage.config.dataDir },
    refresh: { intervalMs: never },
    onStep: (step) => steps.push(step),
  });
}

test("while the database is away a renewal waits on the disk, and is stored when the database is back", async () => {
  const database = await fragileDatabase("57P01");
  await using stage = await setRefreshStage("anthropic", { database });
  const { alice, id } = stage;
  const renewal = refresh(alice, id);
  await vi.waitFor(() => expect(database.refused).toBeGreaterThan(1), patience);
  expect(await spooled(stage)).toHaveLength(1);
  database.isAway = false;
  expect((await renewal).__typename).toBe("RefreshCredentialPayload");
  await vi.waitFor(async () => expect(await spooled(stage)).toEqual([]), patience);
  expect(await readEvents(stage)).toMatchObject([{ type: "TokenRefreshed" }]);
});

test("what the database refuses for good is not tried again and again; it stays on the disk", async () => {
  const database = await fragileDatabase("42P01");
  await using stage = await setRefreshStage("anthropic", { database });
  await expect(refresh(stage.alice, stage.id)).rejects.toThrow("no data");
  expect(database.refused).toBe(1);
  expect(await spooled(stage)).toHaveLength(1);
});

test("a renewal on the disk is sealed", async () => {
  await using stage = await stageWithSpooledRenewal();
  const [file] = await spooled(stage);
  const content = await readFile(file!, "utf8");
  expect(JSON.parse(content)).toMatchObject({ format: "maestro-auth renewal 1", userId: "alice", tokenVersion: 1 });
  const steps: string[] = [];
  await using neighbour = await restart(stage, steps);
  const client = await neighbour.client("alice");
  const { token } = await grant(client, input);
  await refresh(client, stage.id);
  const sent = stage.vendor.requests.flatMap(({ body }) => body["refresh_token"] ?? []);
  for (const secret of [token!.replace("Bearer ", ""), ...sent]) {
    expect(content).not.toContain(secret);
    expect(content).not.toContain(Buffer.from(secret).toString("base64").replaceAll("=", ""));
  }
});

test("the next process stores it when it starts, once, and removes the file", async () => {
  await using stage = await stageWithSpooledRenewal();
  expect(await readRow(stage)).toMatchObject({ version: 1, isSent: true });
  const steps: string[] = [];
  await using neighbour = await restart(stage, steps);
  expect(steps).toContain("stored 1 renewed tokens that the last run had left in the spool");
  expect(await readRow(stage)).toMatchObject({ version: 2, isSent: false, leaseIn: null });
  expect(await spooled(stage)).toEqual([]);
  expect(await readEvents(stage)).toMatchObject([{ type: "TokenRefreshed" }]);

  const client = await neighbour.client("alice");
  expect((await refresh(client, stage.id)).__typename).toBe("RefreshCredentialPayload");
  expect(stage.vendor.oracle).toMatchObject({ refreshes: 2, successes: 2, reuses: 0 });
  await using third = await restart(stage);
  expect(third.logs.join()).not.toContain("left behind");
  expect(await readEvents(stage)).toHaveLength(2);
});

test("a renewal whose statement was committed without anybody hearing of it is told and audited once", async () => {
  let losses = 0;
  const faults = (point: string) => {
    if (point === "stored" && losses++ === 0) throw new Error("the connection has broken");
  };
  await using stage = await setRefreshStage("anthropic", { refresh: { intervalMs: never, faults } });
  expect((await refresh(stage.alice, stage.id)).__typename).toBe("RefreshCredentialPayload");
  expect(losses).toBe(2);
  expect(await readEvents(stage)).toMatchObject([{ type: "TokenRefreshed" }]);
  expect(await readRefreshAudit(stage)).toHaveLength(1);
  expect(await readRow(stage)).toMatchObject({ version: 2 });
  expect(stage.logs.join()).not.toContain("came too late");
  expect(await spooled(stage)).toEqual([]);
});

test("a renewal of a credential that has been replaced since is dropped", async () => {
  await using stage = await stageWithSpooledRenewal();
  await signIn(stage.alice, "anthropic");
  const { sealed } = await readRow(stage);
  await using neighbour = await restart(stage);
  expect((await readRow(stage)).sealed).toBe(sealed);
  expect(await readEvents(stage)).toEqual([]);
  expect(await spooled(stage)).toEqual([]);
  expect(neighbour.logs.join()).toContain("a renewal came too late");
});

const unreadable = [
  ["no JSON", "{"],
  ["no object", "null"],
  ["of another format", JSON.stringify({ format: "something else" })],
] as const;

test.each(unreadable)("a file with content that is %s is left where it is, and logged", async (_name, content) => {
  await using stage = await stageWithSpooledRenewal();
  const file = join(stage.config.dataDir, "spool", "0-strange.json");
  await writeFile(file, content);
  await using neighbour = await restart(stage);
  expect(await spooled(stage)).toEqual([file]);
  expect(await readFile(file, "utf8")).toBe(content);
  expect(neighbour.logs.join()).toContain("a spooled renewal cannot be read");
  expect(await readRow(stage)).toMatchObject({ version: 2 });
});

test("a file that the database refuses for good keeps neither the server from starting nor the others from being stored", async () => {
  await using stage = await stageWithSpooledRenewal();
  const [good] = await spooled(stage);
  const bad = join(stage.config.dataDir, "spool", "0-bad.json");
  await writeFile(bad, JSON.stringify({ ...(JSON.parse(await readFile(good!, "utf8")) as object), id: "no uuid" }));
  await using neighbour = await restart(stage);
  expect(await readRow(stage)).toMatchObject({ version: 2 });
  expect(await spooled(stage)).toEqual([bad]);
  expect(neighbour.logs.join()).toContain(bad);
});

test("what is only half written is no renewal", async () => {
  await using stage = await stageWithSpooledRenewal();
  await writeFile(join(stage.config.dataDir, "spool", "half.new"), '{"format":');
  await using neighbour = await restart(stage);
  expect(neighbour.logs.join()).not.toContain("cannot be read");
  expect(await readRow(stage)).toMatchObject({ version: 2 });
});
