import type { Database, EntityManager } from "../../db/database.ts";
import { type EncryptionKey, EncryptionKeyEntity } from "../sealing/encryption-key.ts";
import { type Holdup, holdup } from "./key-rotation.ts";
import { ServerProcesses } from "./server-processes.ts";

/** A key as its operator sees it; nothing of the key itself. */
export interface KeyReport extends Pick<EncryptionKey, "id" | "purpose" | "state" | "kekId" | "createdAt"> {
  /** Credentials that are sealed with it. */
  readonly rows: number;
  /** OAuth flows under way that are sealed with it. */
  readonly flows: number;
  /** Running servers that have not opened it. */
  readonly notLoadedBy: readonly Holdup[];
}

const rowsQuery = "select key_id as id, count(*)::int as count from provider_credentials group by key_id";

// The key's id stands behind version and algorithm. A flow that has ended keeps nothing that could be opened.
const flowsQuery = `select ('x' || encode(substr(secrets, 3, 4), 'hex'))::bit(32)::bigint::int as id, count(*)::int as count
  from oauth_flows
  where status in ('pending', 'exchanging') and expires_at > clock_timestamp() and length(secrets) > 6 group by 1`;

async function countByKey(em: EntityManager, query: string): Promise<ReadonlyMap<number, number>> {
  const counts = await em.execute<{ id: number; count: number }[]>(query);
  return new Map(counts.map(({ id, count }) => [id, count]));
}

/** What each key seals. */
export async function countUses(em: EntityManager) {
  return { rows: await countByKey(em, rowsQuery), flows: await countByKey(em, flowsQuery) };
}

/** All keys of a database, the oldest first. */
export async function listKeys(database: Database): Promise<KeyReport[]> {
  const em = database.em();
  const keys = await em.find(EncryptionKeyEntity, {}, { orderBy: { id: "asc" } });
  const { rows, flows } = await countUses(em);
  const servers = await new ServerProcesses(database).listLive(em);
  return keys.map(({ id, purpose, state, kekId, createdAt }) => ({
    id,
    purpose,
    state,
    kekId,
    createdAt,
    rows: rows.get(id) ?? 0,
    flows: flows.get(id) ?? 0,
    notLoadedBy:
      state === "destroyed"
        ? []
        : servers.map((server) => holdup(server, { id, kekId })).filter((item) => item !== null),
  }));
}
