import { appendFile, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLogger } from "../../src/observability/logger.ts";
import { noFaults } from "../../src/refresh/fault-point.ts";
import { RenewalKeeper } from "../../src/refresh/recovery.ts";
import { sealRenewal } from "../../src/refresh/renewal.ts";
import { RefreshSpool } from "../../src/refresh/spool.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { newTokens, setClaimStage } from "./claim-stage.ts";
import { Hold, readRow } from "./refresh-stage.ts";

const log = createLogger("silent");

/** A spool, and a renewal of alice's sign-in that is on its way into it. */
async function setKeeperStage() {
  const folder = await temporaryFolder();
  const stage = await setClaimStage();
  const claims = stage.newProcess();
  const claim = (await claims.claim(await stage.signIn("alice"), "due", 0))!;
  const spool = RefreshSpool.open(folder.path, log);
  const path = join(folder.path, "spool");
  return {
    ...stage,
    spool,
    path,
    files: () => readdir(path),
    renewal: sealRenewal(claim, newTokens, stage.vault, { now: new Date(), actor: "alice" }),
    newKeeper: (faults = noFaults) => new RenewalKeeper({ spool, record: stage.record, claims, log, faults }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Makes a file look as if it had been written so many seconds ago. */
async function age(file: string, seconds: number): Promise<void> {
  const then = Date.now() / 1000 - seconds;
  await utimes(file, then, then);
}

test("what a process is storing itself is not stored a second time by its housekeeping", async () => {
  await using stage = await setKeeperStage();
  const hold = new Hold();
  const keeper = stage.newKeeper((point) => (point === "spooled" ? hold.wait() : undefined));
  const kept = keeper.keep(stage.renewal);
  await hold.reached;
  expect(await keeper.recover({ all: true })).toBe(0);
  expect(await stage.files()).toHaveLength(1);
  expect(await readRow(stage)).toMatchObject({ version: 1 });
  hold.release();
  expect(await kept).toBe("stored");
  expect(await stage.files()).toEqual([]);
});

test("beside other processes only what one of them must have left behind is stored: what is new may be its own work", async () => {
  await using stage = await setKeeperStage();
  const file = await stage.spool.write(stage.renewal);
  await age(file, 20);
  expect(await stage.newKeeper().recover({ all: false })).toBe(0);
  expect(await readRow(stage)).toMatchObject({ version: 1 });
  await age(file, 31);
  expect(await stage.newKeeper().recover({ all: false })).toBe(1);
  expect(await readRow(stage)).toMatchObject({ version: 2 });
  expect(await stage.files()).toEqual([]);
});

test("a draft is removed once nobody can be writing it any more", async () => {
  await using stage = await setKeeperStage();
  const [young, old] = ["young.new", "old.new"].map((name) => join(stage.path, name));
  for (const draft of [young!, old!]) await writeFile(draft, "{");
  await age(young!, 500);
  await age(old!, 700);
  expect((await stage.spool.list(0).next()).done).toBe(true);
  expect(await stage.files()).toEqual(["young.new"]);
});

test("a file that is too large to be a renewal is left where it is, and keeps no other back", async () => {
  await using stage = await setKeeperStage();
  const large = join(stage.path, "large.json");
  await writeFile(large, await readFile(await stage.spool.write(stage.renewal)));
  // JSON all the same: only its size keeps it from being read.
  await appendFile(large, Buffer.alloc(1_048_576, " "));
  expect(await stage.newKeeper().recover({ all: true })).toBe(1);
  expect(await readRow(stage)).toMatchObject({ version: 2 });
  expect(await stage.files()).toEqual(["large.json"]);
});

test("a renewal on the disk is its owner's alone to read", async () => {
  await using stage = await setKeeperStage();
  const { mode } = await stat(await stage.spool.write(stage.renewal));
  expect(mode & 0o077).toBe(0);
});

test("a keeper that has given up leaves what it could not store to the next start", async () => {
  await using stage = await setKeeperStage();
  const down = () => {
    throw new Error("the database is away");
  };
  const keeper = stage.newKeeper((point) => (point === "storing" ? down() : undefined));
  const kept = keeper.keep(stage.renewal);
  keeper.giveUp();
  await expect(kept).rejects.toThrow("the database is away");
  expect(await stage.files()).toHaveLength(1);
});

test("of a full spool one renewal is in memory at a time: the next is read when the one before is done with", async () => {
  await using stage = await setKeeperStage();
  const files = await Promise.all(Array.from({ length: 3 }, () => stage.spool.write(stage.renewal)));
  const left = stage.spool.list(0);
  const first = (await left.next()).value as { readonly file: string };
  for (const file of files) if (file !== first.file) await stage.spool.remove(file);
  expect((await left.next()).done).toBe(true);
});
