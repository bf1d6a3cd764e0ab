import { hostname } from "node:os";
import type { Database, EntityManager } from "../../db/database.ts";
import type { Keyring } from "../sealing/keyring.ts";

/** A server that runs, and what it has said of its keys. */
export interface ServerProcess {
  readonly name: string;
  readonly keyIds: readonly number[];
  readonly kekIds: readonly string[];
  readonly sealingKeyId: number;
}

/** How long a server counts as running after its last word, in seconds by the database's clock. */
const aliveSeconds = 60;

const reportStatement = {
  name: "report_keys",
  text: `insert into server_processes (id, name, key_ids, kek_ids, sealing_key_id, started_at, seen_at)
    values ($1, $2, $3, $4, $5, clock_timestamp(), clock_timestamp())
    on conflict (id) do update set
      key_ids = excluded.key_ids, sealing_key_id = excluded.sealing_key_id, seen_at = excluded.seen_at`,
};

const leaveStatement = {
  name: "leave_server_processes",
  text: "delete from server_processes where id = $1 or seen_at < clock_timestamp() - interval '1 day'",
};

const liveQuery = `select name, key_ids as "keyIds", kek_ids as "kekIds", sealing_key_id as "sealingKeyId"
  from server_processes where seen_at > clock_timestamp() - interval '${aliveSeconds} seconds' order by started_at, id`;

/** What is known of the servers on a database. One that ended without a word is forgotten after a minute. */
export class ServerProcesses {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** This process says what it has opened. @param id a UUID of the process. */
  async report(id: string, keyring: Keyring): Promise<void> {
    const name = `${hostname().slice(0, 200)}, process ${process.pid}`;
    const ids = [JSON.stringify(keyring.ids), JSON.stringify(keyring.kekIds)];
    await this.#database.query(reportStatement, [id, name, ...ids, keyring.active.id]);
  }

  async leave(id: string): Promise<void> {
    await this.#database.query(leaveStatement, [id]);
  }

  /** @param em one whose transaction the answer must be true in. */
  async listLive(em: EntityManager = this.#database.em()): Promise<ServerProcess[]> {
    return em.execute<ServerProcess[]>(liveQuery);
  }
}
