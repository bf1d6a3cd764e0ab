/**
 * The server with the settings of its environment, which on request writes an event of a user as a business transaction
 * does, or tells how much memory it uses. Requests and answers go over the channel of its parent.
 */
import { Writable } from "node:stream";
import { createApp } from "../../../src/app/app.ts";
import { openDatabase } from "../../../src/app/database.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { inProcessDoorbell } from "../../../src/events/doorbell.ts";
import { Outbox } from "../../../src/events/outbox.ts";
import { postgresLine } from "../../../src/events/postgres-doorbell.ts";
import { redisLine } from "../../../src/events/redis-doorbell.ts";
import { SharedDoorbell } from "../../../src/events/shared-doorbell.ts";
import { connectionLimits } from "../../../src/http/connections/connection-limits.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { reportPort } from "../report-port.ts";
import { now, type ServerRequest } from "./stream-process.ts";

const config = loadConfig([]);
const url = config.databaseUrl!.reveal();
let closedUnread = 0;
const log = createLogger(
  "info",
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const line = chunk.toString();
      if (line.includes("a WebSocket is closed")) closedUnread += 1;
      else if (!line.includes('"level":30')) process.stderr.write(line);
      done();
    },
  }),
);
const database = await openDatabase({ kind: "postgres", url });
const line = config.eventsUrl === null ? postgresLine(config.databaseUrl!) : redisLine(config.eventsUrl);
const doorbell = process.env["DOORBELL"] === "none" ? inProcessDoorbell() : await SharedDoorbell.connect(line, log);
const unreadMs = Number(process.env["UNREAD_MS"] ?? connectionLimits.unreadMs);
const app = await createApp(config, { catalog: [], database, doorbell, log, connections: { unreadMs } });

// The doorbell rings right after the commit.
let committedAt = 0;
const outbox = new Outbox(database, {
  ...inProcessDoorbell(),
  ring: (userId, committed) => {
    committedAt = now();
    doorbell.ring(userId, committed);
  },
});

async function answer(request: ServerRequest): Promise<number> {
  if (request.kind === "unread") return closedUnread;
  if (request.kind !== "event") {
    if (request.kind !== "resident") globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    return request.kind === "kept" ? heapUsed + external : rss;
  }
  const label = "x".repeat(request.size);
  const body = { credentialId: crypto.randomUUID(), provider: "none", method: "api_key", label } as const;
  await outbox.transaction(request.userId, async (_em, emit) => emit({ type: "CredentialStored", body }));
  return committedAt;
}

process.on("message", (request: ServerRequest) => {
  void answer(request).then((value) => process.send?.({ answer: value }));
});
reportPort(await app.listen(), async () => {
  await app[Symbol.asyncDispose]();
  await doorbell[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
