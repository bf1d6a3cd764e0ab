import { type Pooling, poolingOf } from "../connections/pooling.ts";
import { openPostgres } from "../connections/postgres-session.ts";
import type { PostgresTarget } from "../connections/postgres-url.ts";
import { OperatorError } from "../errors/operator-error.ts";

/** What a server says of itself when it is first reached. */
export interface ServerFacts {
  readonly database: string;
  /** Where the tables are, or will be made. */
  readonly schema: string;
  readonly pooling: Pooling;
  /** A standby, or a database whose transactions are read-only. */
  readonly isReadOnly: boolean;
  readonly encryption: Encryption;
}

export interface Encryption {
  /** Of this process's own connection. */
  readonly isEncrypted: boolean;
  /** As PostgreSQL sees its side: such as `TLSv1.3`; null in plain text. Behind a pooler that is another connection. */
  readonly serverProtocol: string | null;
}

// An existing table of migrations wins over the first schema of the search_path, which may have been made since.
const factsQuery = `select pg_backend_pid() as pid, current_database() as database, current_user as role,
    coalesce((select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.oid = to_regclass('mikro_orm_migrations')), current_schema()) as schema,
    pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as read_only,
    (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl) as tls,
    current_setting('extra_float_digits')::int as digits, current_setting('server_encoding') as encoding`;

interface FactsRow {
  readonly pid: number;
  readonly database: string;
  readonly role: string;
  readonly schema: string | null;
  readonly read_only: boolean;
  readonly tls: string | null;
  readonly digits: number;
  readonly encoding: string;
}

/** @returns the schema that holds the tables, or will. */
function assertUsable({ schema, role, digits, database, encoding }: FactsRow, pooling: Pooling): string {
  if (encoding !== "UTF8") {
    throw new OperatorError(
      `The database ${database} has the encoding ${encoding}, which cannot hold every user id and label.`,
      "Make one with: createdb --encoding=UTF8 --template=template0 maestro; then move the data with pg_dump.",
    );
  }
  if (schema === null) {
    throw new OperatorError(
      `The search_path of the PostgreSQL role ${role} names no schema that exists.`,
      `Create the schema, for example: create schema app authorization ${role}; or correct the search_path.`,
    );
  }
  if (schema.includes(".")) {
    throw new OperatorError("The schema of the search_path has a dot in its name.", "Use a schema without one.");
  }
  if (pooling !== "none" && digits < 0) {
    throw new OperatorError(
      "extra_float_digits is below 0 for this role or database, and a pooler keeps this server from setting it.",
      `Run: alter role ${role} reset extra_float_digits; and look for it at the database too.`,
    );
  }
  return schema;
}

/**
 * Opens a connection, asks, and closes it.
 * @throws OperatorError where the server cannot be used as it is set up; else whatever keeps the connection from
 * opening.
 */
export async function readServerFacts(target: PostgresTarget): Promise<ServerFacts> {
  const client = await openPostgres(target, "maestro-auth start");
  try {
    // In a transaction, which a pooler in statement mode refuses.
    await client.query("begin");
    const { rows } = await client.query<FactsRow>(factsQuery);
    await client.query("commit");
    const facts = rows[0]!;
    const pooling = client.backendPid === facts.pid ? "none" : await poolingOf(target, client);
    return {
      database: facts.database,
      schema: assertUsable(facts, pooling),
      pooling,
      isReadOnly: facts.read_only,
      encryption: { isEncrypted: client.isEncrypted, serverProtocol: facts.tls },
    };
  } finally {
    await client.end().catch(() => {});
  }
}
