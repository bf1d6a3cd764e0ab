import type { Config } from "../../../config/config.ts";
import { parsePostgresUrl, placeOf } from "../../../connections/postgres-url.ts";
import type { Database } from "../../../db/database.ts";
import type { Encryption } from "../../../db/server-facts.ts";
import { listenAddress } from "../../../events/configured-doorbell.ts";
import { openListener } from "../../../events/postgres-doorbell.ts";
import { LineRefusedError } from "../../../events/shared-doorbell.ts";
import { isLoopback } from "../../../lib/loopback.ts";
import type { Secret } from "../../../lib/secret.ts";
import { type Finding, ok, skip, warn } from "./check.ts";

/** A connection of the server, in one line: where to, and whether it can be read on its way. */
function describeEncryption(
  url: Secret,
  setting: string,
  { isEncrypted, serverProtocol }: Encryption,
  isPooled: boolean,
): Finding {
  const target = parsePostgresUrl(url.reveal());
  const { host, tls } = target;
  const place = placeOf(target);
  const own = isEncrypted
    ? `encrypted${isPooled || serverProtocol === null ? "" : ` (${serverProtocol})`}, ${
        tls !== false && tls.rejectUnauthorized === true
          ? "with its certificate checked"
          : "its certificate not checked"
      }`
    : "in plain text";
  const further = isPooled ? `; the pooler's own to PostgreSQL ${serverProtocol ?? "in plain text"}` : "";
  const detail = `${place}: ${own}${further}`;
  if (host.startsWith("/")) return ok(`${place}: a socket of this machine`);
  if (isEncrypted || isLoopback(host.includes(":") ? `[${host}]` : host)) return ok(detail);
  return warn(
    `The connection to ${detail}.`,
    `Add sslmode=verify-full to ${setting}, and sslrootcert if it needs one.`,
  );
}

/** Whether what is stored can be read on its way to PostgreSQL. */
export function checkEncryption(database: Database, { databaseUrl }: Pick<Config, "databaseUrl">): Finding {
  if (databaseUrl === null || database.facts === null) return skip("the embedded database has no connections");
  const { encryption, pooling } = database.facts;
  return describeEncryption(databaseUrl, "DATABASE_URL", encryption, pooling !== "none");
}

/** Whether a pooler stands before PostgreSQL, and what that means. */
export function checkPooler({ facts }: Database, config: Config): Finding {
  if (facts === null || facts.pooling === "none") return skip("no pooler stands before the database");
  const { pooling } = facts;
  if (pooling === "session") return ok("a pooler in session mode stands before PostgreSQL");
  const detail = "a pooler in transaction mode stands before PostgreSQL: statements are not prepared by name";
  if (config.databaseListenUrl !== null || config.eventsUrl !== null) return ok(detail);
  return warn(
    "A pooler in transaction mode stands before PostgreSQL: events of other processes are found by polling.",
    "Set DATABASE_LISTEN_URL to PostgreSQL itself, or to a pool in session mode; or set EVENTS_URL to a Redis.",
  );
}

/** Whether the database takes what is written. */
export function checkWrites({ facts }: Database): Finding {
  if (facts?.isReadOnly !== true) return ok("the database can be written");
  return warn(
    "The database is read-only: a standby, or default_transaction_read_only is on. A server does not start on it.",
    "Name the primary in DATABASE_URL, promote the standby, or reset default_transaction_read_only.",
  );
}

const tlsQuery = "select (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl) as tls";

/** Whether the connection that listens for events comes about, and can be read on its way. */
export async function checkListening(config: Config): Promise<Finding> {
  const address = listenAddress(config);
  if (address === null) return skip("events do not go by PostgreSQL");
  try {
    const client = await openListener(address.url, address.setting);
    try {
      const { rows } = await client.query<{ tls: string | null }>(tlsQuery);
      const encryption = { isEncrypted: client.isEncrypted, serverProtocol: rows[0]!.tls };
      return describeEncryption(address.url, address.setting, encryption, false);
    } finally {
      await client.end();
    }
  } catch (error) {
    if (error instanceof LineRefusedError) return warn(error.reason, error.cure);
    throw error;
  }
}
