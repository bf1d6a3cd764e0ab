/** Writes numbered events for random users until it is killed. Its arguments: its name, and how many users there are. */
import { pino } from "pino";
import { openDatabase } from "../../../src/db/database.ts";
import { Outbox } from "../../../src/events/outbox.ts";
import { postgresLine } from "../../../src/events/postgres-doorbell.ts";
import { SharedDoorbell } from "../../../src/events/shared-doorbell.ts";
import { userName } from "./users.ts";

/** Transactions at the same time. */
const concurrency = 4;

const [name, users] = process.argv.slice(2);
const url = process.env["DATABASE_URL"]!;
const database = await openDatabase({ kind: "postgres", url });
const doorbell = await SharedDoorbell.connect(postgresLine(url), pino({ level: "silent" }));
const outbox = new Outbox(database, doorbell);
let number = 0;

async function write(): Promise<never> {
  for (;;) {
    const label = `${name}.${++number}`;
    await outbox.transaction(userName(Math.floor(Math.random() * Number(users))), async (_em, emit) =>
      emit({
        type: "CredentialStored",
        body: { credentialId: crypto.randomUUID(), provider: "none", method: "api_key", label },
      }),
    );
  }
}

process.once("disconnect", () => process.exit(0));
await Promise.all(Array.from({ length: concurrency }, write));
