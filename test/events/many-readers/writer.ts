/**
 * Writes numbered events for random users until it is killed. Its arguments: its name, how many users there are, and
 * how many events one transaction writes.
 */
import { openDatabase } from "../../../src/app/database.ts";
import type { NewEvent } from "../../../src/events/event.ts";
import { Outbox } from "../../../src/events/outbox.ts";
import { postgresLine } from "../../../src/events/postgres-doorbell.ts";
import { SharedDoorbell } from "../../../src/events/shared-doorbell.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { userName } from "./users.ts";

/** Transactions at the same time. */
const concurrency = 4;

const [name, users, eventsPerTransaction] = process.argv.slice(2);
const url = process.env["DATABASE_URL"]!;
const database = await openDatabase({ kind: "postgres", url });
const doorbell = await SharedDoorbell.connect(postgresLine(new Secret(url)), createLogger("silent"));
const outbox = new Outbox(database, doorbell);
let number = 0;

function nextEvent(): NewEvent {
  const label = `${name}.${++number}`;
  return {
    type: "CredentialStored",
    body: { credentialId: crypto.randomUUID(), provider: "none", method: "api_key", label },
  };
}

async function write(): Promise<never> {
  for (;;) {
    await outbox.transaction(userName(Math.floor(Math.random() * Number(users))), async (_em, emit) => {
      for (let count = Number(eventsPerTransaction); count > 0; count--) emit(nextEvent());
    });
  }
}

process.once("disconnect", () => process.exit(0));
await Promise.all(Array.from({ length: concurrency }, write));
