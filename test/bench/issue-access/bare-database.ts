import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import type { Config } from "../../../src/config/config.ts";
import { clientClass } from "../../../src/connections/postgres-client.ts";
import { parsePostgresUrl } from "../../../src/connections/postgres-url.ts";

/** The columns that an answer is made from. */
export interface BareRow {
  readonly id: string;
  readonly auth_method: string;
  readonly token_version: number;
  readonly status: string;
  readonly expires_ms: number | null;
  readonly credentials: Uint8Array;
}

/** The read of a credential, without anything between it and the driver. */
export interface BareDatabase extends AsyncDisposable {
  read(userId: string, provider: string): Promise<readonly BareRow[]>;
}

/** The statement of `src/credentials/access-reader.ts`, so that the database has the same to do. */
const name = "credentials_for_access";
const text = `select distinct on (auth_method) id, auth_method, label, credentials, token_version, status, status_reason, scopes,
      (extract(epoch from expires_at) * 1000)::float8 as expires_ms
    from provider_credentials
    where user_id = $1 and provider = $2
      and ($3::text is null or auth_method = $3) and ($4::text is null or label = $4)
    order by auth_method desc, (label = 'default') desc, created_at, id`;

/** Opens what the configuration names with its driver alone, and with as many connections as our server has. */
export async function openBareDatabase({ databaseUrl, dataDir }: Config): Promise<BareDatabase> {
  if (databaseUrl === null) {
    const pglite = await PGlite.create(join(dataDir, "pglite"));
    return {
      // PGlite's own interface has no prepared statements; it plans this one anew each time.
      read: async (userId, provider) => (await pglite.query<BareRow>(text, [userId, provider, null, null])).rows,
      [Symbol.asyncDispose]: () => pglite.close(),
    };
  }
  const pool = new pg.Pool({
    max: 10,
    Client: clientClass(parsePostgresUrl(databaseUrl.reveal()), { applicationName: "maestro-auth bench" }),
  });
  return {
    read: async (userId, provider) => {
      const { rows } = await pool.query<BareRow>({ name, text, values: [userId, provider, null, null] });
      return rows;
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
