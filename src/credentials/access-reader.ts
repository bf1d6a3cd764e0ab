import type { Database } from "../db/database.ts";
import type { AuthMethod } from "../providers/provider-auth.ts";
import type { StoredStatus } from "./provider-credential.ts";
import type { SealedRow } from "./credential-sealer.ts";

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

// A prepared statement instead of entities: this read stands before every call to an LLM.
// One row for each method, in the order of the fallback chain: "oauth" sorts after "api_key".
const statement = {
  name: "credentials_for_access",
  text: `select distinct on (auth_method) id, auth_method, label, credentials, token_version, status, status_reason, scopes, refreshable,
      next_try_at <= clock_timestamp()
        and (sent_at is null or replay_after <= clock_timestamp() or lease_until > clock_timestamp()) as is_due,
      (extract(epoch from expires_at) * 1000)::float8 as expires_ms
    from provider_credentials
    where user_id = $1 and provider = $2
      and ($3::text is null or auth_method = $3) and ($4::text is null or label = $4)
    order by auth_method desc, (label = 'default') desc, created_at, id`,
};

/** The hot read of `issueAccess`. */
export class AccessReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The user's preferred credential of each method for a provider, in the order of the fallback chain. */
  async list(query: AccessQuery): Promise<AccessRow[]> {
    const values = [query.userId, query.provider, query.method, query.label];
    const rows = await this.#database.query<Columns>(statement, values);
    return rows.map((row) => ({
      id: row.id,
      userId: query.userId,
      provider: query.provider,
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
    }));
  }
}
