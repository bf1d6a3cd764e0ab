import type { Database } from "../db/database.ts";
import { TurnBatch } from "../lib/turn-batch.ts";
import { type AuthMethod, authMethods } from "../providers/provider-auth.ts";
import type { SealedRow } from "./credential-sealer.ts";
import { labelKeyOf } from "./label.ts";
import type { StoredStatus } from "./provider-credential.ts";

/** What `issueAccess` needs of a row, sealed. */
export interface AccessRow extends SealedRow {
  readonly label: string;
  readonly status: StoredStatus;
  readonly statusReason: string | null;
  readonly expiresAt: Date | null;
  readonly scopes: readonly string[];
  readonly refreshable: boolean;
  /** Its refresh is due, or under way. */
  readonly isDue: boolean;
}

export interface AccessQuery {
  readonly userId: string;
  readonly provider: string;
  readonly method: AuthMethod | null;
  readonly label: string | null;
}

interface Columns {
  id: string;
  auth_method: AuthMethod;
  label: string;
  credentials: Uint8Array;
  token_version: number;
  status: StoredStatus;
  status_reason: string | null;
  expires_ms: number | null;
  scopes: string[];
  refreshable: boolean;
  is_due: boolean | null;
}

const columns = `id, auth_method, label, credentials, token_version, status, status_reason, scopes, refreshable,
      next_try_at <= clock_timestamp()
        and (sent_at is null or replay_after <= clock_timestamp() or lease_until > clock_timestamp()) as is_due,
      (extract(epoch from expires_at) * 1000)::float8 as expires_ms`;

const methods = authMethods.map((method) => `('${method}')`).join(", ");

/**
 * One row for each method, in the order of the fallback chain: "oauth" sorts after "api_key". However many labels a
 * user has, no other row is read: one is found by its label, or as the first of `provider_credentials_preferred_index`.
 */
const select = (user: string, provider: string, method: string, label: string) =>
  `select c.* from (values ${methods}) as m (method)
    cross join lateral (
      select ${columns} from provider_credentials
        where ${label} is not null and user_id = ${user} and provider = ${provider} and auth_method = m.method
          and label_key = ${labelKeyOf(label)}
      union all
      (select ${columns} from provider_credentials
        where ${label} is null and user_id = ${user} and provider = ${provider} and auth_method = m.method
        order by (label = 'default') desc, created_at, id limit 1)
    ) c
    where ${method} is null or m.method = ${method}
    order by c.auth_method desc`;

// Prepared statements instead of entities: this read stands before every call to an LLM.
const singleStatement = {
  name: "credentials_for_access",
  text: select("$1", "$2", "$3::text", "$4::text"),
};

const joinedStatement = {
  name: "credentials_for_accesses",
  text: `select (a.place - 1)::int4 as place, c.*
    from unnest($1::text[], $2::text[], $3::text[], $4::text[])
      with ordinality as a (user_id, provider, auth_method, label, place)
    cross join lateral (${select("a.user_id", "a.provider", "a.auth_method", "a.label")}) c
    order by a.place, c.auth_method desc`,
};

/** The hot read of `issueAccess`: those who ask in one turn of the event loop share a statement. */
export class AccessReader {
  readonly #database: Database;
  readonly #batch = new TurnBatch((queries: readonly AccessQuery[]) => this.#read(queries));

  constructor(database: Database) {
    this.#database = database;
  }

  /** The user's preferred credential of each method for a provider, in the order of the fallback chain. */
  async list(query: AccessQuery): Promise<AccessRow[]> {
    return this.#batch.ask(query);
  }

  async #read(queries: readonly AccessQuery[]): Promise<AccessRow[][]> {
    // The plan for several takes longer, and one who asks alone would wait for it.
    if (queries.length === 1) return [await this.#readOne(queries[0]!)];
    const rows = await this.#database.query<Columns & { place: number }>(joinedStatement, [
      queries.map(({ userId }) => userId),
      queries.map(({ provider }) => provider),
      queries.map(({ method }) => method),
      queries.map(({ label }) => label),
    ]);
    const answers: AccessRow[][] = queries.map(() => []);
    for (const row of rows) answers[row.place]!.push(toAccessRow(queries[row.place]!, row));
    return answers;
  }

  async #readOne(query: AccessQuery): Promise<AccessRow[]> {
    const { userId, provider, method, label } = query;
    const rows = await this.#database.query<Columns>(singleStatement, [userId, provider, method, label]);
    return rows.map((row) => toAccessRow(query, row));
  }
}

function toAccessRow({ userId, provider }: AccessQuery, row: Columns): AccessRow {
  return {
    id: row.id,
    userId,
    provider,
    authMethod: row.auth_method,
    label: row.label,
    credentials: row.credentials,
    tokenVersion: row.token_version,
    status: row.status,
    statusReason: row.status_reason,
    expiresAt: row.expires_ms === null ? null : new Date(row.expires_ms),
    scopes: row.scopes,
    refreshable: row.refreshable,
    isDue: row.is_due ?? false,
  };
}
