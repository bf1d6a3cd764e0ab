import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import type { Database } from "../../src/db/database.ts";
import { inProcessDoorbell } from "../../src/events/doorbell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { createTestDatabase, fillDataFolder } from "../support/test-database.ts";
import { keepStreams, readToEnd, startServer } from "./history-stage.ts";
import { take } from "./stream-stage.ts";

const expired = { code: "CURSOR_EXPIRED" };
const never = 2 ** 30;

async function open(database: Database, intervalMs = 20) {
  const folder = await temporaryFolder();
  const server = await startServer({ database, dataDir: folder.path, intervalMs });
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe("a cursor has expired", () => {
  test("at another user, and it tells nobody whose it is", async () => {
    await using server = await open(await createTestDatabase());
    for (const user of ["alice", "bob"]) await server.emit(user, "one");
    const [hers, his] = [await server.stream.cursor("alice"), await server.stream.cursor("bob")];
    expect(hers).not.toBe(his);
    expect(Buffer.from(hers, "base64url").toString()).not.toContain("alice");
    await expect(server.stream.read("bob", hers)).rejects.toMatchObject(expired);
    (await server.stream.read("alice", hers))[Symbol.dispose]();
  });

  test("where an earlier version has made it, even if its number fits", async () => {
    await using server = await open(await createTestDatabase());
    await server.emit("alice", "one");
    const old = Buffer.from("e1.1").toString("base64url");
    await expect(server.stream.read("alice", old)).rejects.toMatchObject(expired);
  });

  test.each([
    ["ends before it", []],
    ["has come to its number again", ["other"]],
    ["has passed its number", ["other", "another", "a third"]],
  ])("where the stream has lost its event and %s, though nobody has noticed", async (_name, labels) => {
    const database = await createTestDatabase();
    await using server = await open(database, never);
    await server.emit("alice", "one");
    const common = await server.stream.cursor("alice");
    const back = await keepStreams(database);
    await server.emit("alice", "lost");
    const cursor = await server.stream.cursor("alice");
    await back();
    if (labels.length > 0) await server.emit("alice", ...labels);
    await expect(server.stream.read("alice", cursor)).rejects.toMatchObject(expired);
    // Of what both histories have, nothing is missing to anybody.
    const reader = await server.stream.read("alice", common);
    expect((await take(reader, labels.length)).length).toBe(labels.length);
    reader[Symbol.dispose]();
  });
});

describe.each([
  ["by the process itself", true],
  ["by another process", false],
])("the database of a running server goes back, and what is written then is written %s", (_name, isOwn) => {
  test.each([
    ["nothing", []],
    ["less than was lost", ["other"]],
    ["as much as was lost", ["other", "another"]],
    ["more than was lost", ["other", "another", "a third", "a fourth"]],
  ])("%s", async (_name, labels) => {
    const database = await createTestDatabase();
    await using server = await open(database);
    await using elsewhere = await open(database, never);
    const readers = [await server.stream.read("alice", null), await server.stream.read("alice", null)];
    await server.emit("alice", "one");
    const back = await keepStreams(database);
    const before = server.timeline.id;
    for (const reader of readers) await take(reader, 1);
    await server.emit("alice", "lost", "lost too");
    for (const reader of readers) await take(reader, 2);
    const [ended, late] = readers.map(readToEnd);
    await back();
    if (labels.length > 0) await (isOwn ? server : elsewhere).emit("alice", ...labels);
    // Nothing of the other history has come: the client would take it for what follows.
    for (const reading of [ended, late]) expect(await reading).toEqual({ labels: [], code: "CURSOR_EXPIRED" });

    await expect.poll(() => server.timeline.id).not.toBe(before);
    expect(await server.begun()).toEqual({ "streams went back": 1 });
    expect(server.logs.filter((line) => line.includes(`"event":"timeline.began"`))).toHaveLength(1);
    // Who comes now reads the new history.
    const cursor = await server.stream.cursor("alice");
    const reader = await server.stream.read("alice", cursor);
    await server.emit("alice", "new");
    expect((await take(reader, 1)).map(({ seq }) => seq)).toEqual([labels.length + 2]);
    reader[Symbol.dispose]();
  });
});

test("a reader's own stream is enough to notice it, while nothing looks at the database", async () => {
  const database = await createTestDatabase();
  await using server = await open(database, never);
  await using elsewhere = await open(database, never);
  const reader = await server.stream.read("alice", null);
  await server.emit("alice", "one");
  const back = await keepStreams(database);
  await take(reader, 1);
  await server.emit("alice", "lost");
  await take(reader, 1);
  await back();
  await elsewhere.emit("alice", "other", "another");
  // It follows on nothing that is in memory here, though its number does.
  await server.emit("alice", "new");
  expect(await readToEnd(reader)).toEqual({ labels: [], code: "CURSOR_EXPIRED" });
});

test("all servers on one database end their streams, and one of them begins the timeline", async () => {
  const database = await createTestDatabase();
  await using first = await open(database);
  await using second = await open(database);
  const readers = [await first.stream.read("alice", null), await second.stream.read("bob", null)];
  first.timeline.doubt();
  for (const reader of readers) expect(await readToEnd(reader)).toMatchObject(expired);
  expect(second.timeline.id).toBe(first.timeline.id);
  expect([await first.begun(), await second.begun()]).toEqual([{ "streams went back": 1 }, {}]);
});

const foreign = "1234567890";

describe("at its start a server finds", () => {
  const changes: Record<string, readonly [cause: string, sql: string]> = {
    "another cluster": ["copied", `update timeline set place = place || '{"system": "${foreign}"}'`],
    "another database of the cluster": ["copied", `update timeline set place = place || '{"database": "${foreign}"}'`],
    "tables that were dropped and loaded": [
      "restored",
      `update timeline set place = place || '{"table": "${foreign}"}'`,
    ],
    "the row loaded from a dump": ["restored", "update timeline set cause = cause"],
    "a standby that was promoted": ["promoted", `update timeline set place = place || '{"history": "0000FFFF"}'`],
  };

  test.each(Object.entries(changes))("%s", async (_name, [cause, sql]) => {
    const database = await createTestDatabase();
    let cursor: string;
    {
      await using server = await open(database);
      await server.emit("alice", "one");
      cursor = await server.stream.cursor("alice");
    }
    // Only the row's place is changed, and not the transaction that has written it, as a copy of the files has it.
    const isRow = cause === "restored" && sql.includes("cause");
    await database.em().execute(isRow ? sql : sql.replace("set", "set made_by = pg_current_xact_id()::xid::text,"));
    await using server = await open(database);
    expect(await server.begun()).toEqual({ [cause]: 1 });
    await expect(server.stream.read("alice", cursor)).rejects.toMatchObject(expired);
  });

  test("no row, and makes one", async () => {
    const database = await createTestDatabase();
    let cursor: string;
    {
      await using server = await open(database);
      cursor = await server.stream.cursor("alice");
    }
    await database.em().execute("delete from timeline");
    await using server = await open(database);
    await expect(server.stream.read("alice", cursor)).rejects.toMatchObject(expired);
  });

  test("the same database, and leaves every cursor as it was", async () => {
    const database = await createTestDatabase();
    let cursor: string;
    {
      await using server = await open(database);
      await server.emit("alice", "one");
      cursor = await server.stream.cursor("alice");
    }
    await using server = await open(database);
    expect(await server.begun()).toEqual({});
    (await server.stream.read("alice", cursor))[Symbol.dispose]();
  });
});

/** Puts the embedded database's folder back as it was; `prepare` changes what the next start sees of it. */
async function copyBack(keepsMemory: boolean, openAgain: (dataDir: string) => Promise<Database>) {
  await using folder = await temporaryFolder();
  const { path: dataDir } = folder;
  await fillDataFolder(dataDir);
  const backup = join(dataDir, "backup");
  let common: string;
  {
    await using database = await openDatabase({ kind: "embedded", dataDir });
    await using server = await startServer({ database, dataDir });
    await server.emit("alice", "one");
    common = await server.stream.cursor("alice");
  }
  await cp(join(dataDir, "pglite"), join(backup, "pglite"), { recursive: true });
  await cp(join(dataDir, "timeline.json"), join(backup, "timeline.json"));
  let lost: string;
  {
    await using database = await openDatabase({ kind: "embedded", dataDir });
    await using server = await startServer({ database, dataDir });
    (await server.stream.read("alice", common))[Symbol.dispose]();
    await server.emit("alice", "lost");
    lost = await server.stream.cursor("alice");
  }
  await rm(join(dataDir, "pglite"), { recursive: true });
  await cp(join(backup, "pglite"), join(dataDir, "pglite"), { recursive: true });
  if (!keepsMemory) await cp(join(backup, "timeline.json"), join(dataDir, "timeline.json"));
  await using database = await openAgain(dataDir);
  await using server = await startServer({ database, dataDir, doorbell: inProcessDoorbell() });
  await server.emit("alice", "other", "another");
  await expect(server.stream.read("alice", lost)).rejects.toMatchObject(expired);
  const isCommonKept = await server.stream.read("alice", common).then(
    (reader) => reader[Symbol.dispose](),
    (error: unknown) => error,
  );
  return { begun: await server.begun(), common: isCommonKept };
}

const openEmbedded = (dataDir: string) => openDatabase({ kind: "embedded", dataDir });
/** As on a disk that does not say when a file was made, or where a snapshot of the whole disk was put back. */
const openNameless = async (dataDir: string) => ({ ...(await openEmbedded(dataDir)), folderId: null });

test("the embedded database's folder is copied back", async () => {
  expect(await copyBack(false, openEmbedded)).toMatchObject({ begun: { moved: 1 }, common: expired });
});

test("where the disk tells nothing of it, the log of the database does", async () => {
  expect(await copyBack(true, openNameless)).toMatchObject({ begun: { "log went back": 1 }, common: expired });
});

test("where nothing tells of it at all, a cursor of what was lost has expired nevertheless", async () => {
  expect(await copyBack(false, openNameless)).toEqual({ begun: {}, common: undefined });
});
