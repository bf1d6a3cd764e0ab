/**
 * The server with the settings of its environment, which on request writes an event of a user as a business transaction
 * does, or tells how much memory it uses. Requests and answers go over the channel of its parent.
 */
import { createApp } from "../../../src/app.ts";
import { loadConfig } from "../../../src/config.ts";
import { openDatabase } from "../../../src/db/database.ts";
import { inProcessDoorbell } from "../../../src/events/doorbell.ts";
import { Outbox } from "../../../src/events/outbox.ts";
import { postgresLine } from "../../../src/events/postgres-doorbell.ts";
import { redisLine } from "../../../src/events/redis-doorbell.ts";
import { SharedDoorbell } from "../../../src/events/shared-doorbell.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { reportPort } from "../report-port.ts";
import { now, type ServerRequest } from "./stream-process.ts";

const config = loadConfig([]);
const url = config.databaseUrl!.reveal();
const log = createLogger(config.logLevel);
const database = await openDatabase({ kind: "postgres", url });
const line = config.eventsUrl === null ? postgresLine(url) : redisLine(config.eventsUrl.reveal());
const doorbell = process.env["DOORBELL"] === "none" ? inProcessDoorbell() : await SharedDoorbell.connect(line, log);
const app = await createApp(config, { catalog: [], database, doorbell, log });

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
  if (request.kind === "memory") {
    globalThis.gc?.();
    return process.memoryUsage().rss;
  }
  const body = { credentialId: crypto.randomUUID(), provider: "none", method: "api_key", label: "bench" } as const;
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
