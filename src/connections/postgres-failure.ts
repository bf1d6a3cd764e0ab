import { OperatorError } from "../errors/operator-error.ts";
import { placeOf, type PostgresTarget } from "./postgres-url.ts";

/** PostgreSQL cannot be used. */
export class PostgresUnavailableError extends OperatorError {
  /** As the system, TLS or PostgreSQL names it; null where it has no name. */
  readonly code: string | null;
  /** Whether it may well be over in a moment: the server is starting, a name is not known yet. */
  readonly isPassing: boolean;

  constructor(
    reason: string,
    cure: string,
    { code, isPassing, cause }: { readonly code: string | null; readonly isPassing: boolean; readonly cause?: unknown },
  ) {
    super(reason, cure, { cause });
    this.code = code;
    this.isPassing = isPassing;
  }
}

interface Place {
  /** Where the URL comes from, such as `DATABASE_URL`. */
  readonly setting: string;
  readonly target: PostgresTarget;
}

interface Failure extends Error {
  readonly code?: unknown;
  readonly severity?: unknown;
}

type Texts = readonly [cause: string, cure: string];
type Explain = (place: Place & { readonly at: string; readonly error: Failure }) => Texts;

const start: Explain = ({ at, setting }) => [
  `PostgreSQL does not answer at ${at}.`,
  `Start it, or correct the address in ${setting}.`,
];
const network: Explain = ({ at, setting }) => [
  `PostgreSQL at ${at} cannot be reached over the network.`,
  `Check the network and firewalls in between, or correct the address in ${setting}.`,
];
const silent: Explain = ({ at, setting }) => [
  `PostgreSQL at ${at} does not answer in time.`,
  `Check the network, or correct the address in ${setting}.`,
];
const cut: Explain = ({ at }) => [
  `PostgreSQL at ${at} has cut the connection.`,
  "Look into its log; a proxy or a pooler in between may have done it too.",
];
const untrusted: Explain = ({ at, setting }) => [
  `The certificate of PostgreSQL at ${at} is not from an authority that this server trusts.`,
  `Name the file of its authority with sslrootcert in ${setting}; sslmode=no-verify encrypts without knowing to whom.`,
];
const unusable: Explain = ({ at }) => [
  `TLS with PostgreSQL at ${at} failed.`,
  "Check that both sides allow the same TLS versions, and which certificates the server asks for (sslcert, sslkey).",
];

/** What may be over in a moment. */
const passing: Readonly<Record<string, Explain>> = {
  ECONNREFUSED: start,
  // Of a socket.
  ENOENT: start,
  ENOTFOUND: ({ target, setting }) => [
    `The name ${target.host} is not known.`,
    `Correct the host in ${setting}, or wait until the name server knows it.`,
  ],
  EAI_AGAIN: ({ target, setting }) => [
    `The name ${target.host} cannot be looked up.`,
    `Check the name server, or correct the host in ${setting}.`,
  ],
  EHOSTUNREACH: network,
  ENETUNREACH: network,
  EHOSTDOWN: network,
  ETIMEDOUT: silent,
  ECONNRESET: cut,
  EPIPE: cut,
  "57P01": cut,
  "57P02": cut,
  "57P03": ({ at }) => [
    `PostgreSQL at ${at} is starting or stopping.`,
    "Wait until it is up; its log says what it is doing.",
  ],
  "53300": ({ at }) => [
    `PostgreSQL at ${at} has no connection left.`,
    "End some, raise max_connections, or put a pooler before it.",
  ],
};

const lasting: Readonly<Record<string, Explain>> = {
  EACCES: ({ at, setting }) => [
    `The system does not let this user connect to the socket in ${at}.`,
    `Give it access, or correct the address in ${setting}.`,
  ],
  "28P01": ({ setting }) => [
    `PostgreSQL refuses the user or the password in ${setting}.`,
    "Correct them; special characters must be percent-encoded (% is %25).",
  ],
  "28000": ({ setting, target, error }) =>
    target.tls === false && /pg_hba\.conf.*(no encryption|SSL off)/s.test(error.message)
      ? [
          `PostgreSQL has no pg_hba.conf entry that lets the user in ${setting} in without encryption.`,
          `Add sslmode=verify-full to ${setting}, or an entry to pg_hba.conf.`,
        ]
      : [
          `PostgreSQL does not let in the user of ${setting} from here (${
            error.message.includes("pg_hba.conf") ? "no pg_hba.conf entry" : "unknown user, or pg_hba.conf"
          }).`,
          "Create the user, or add an entry for it, the database and this machine to pg_hba.conf.",
        ],
  "3D000": ({ setting }) => [
    `PostgreSQL has no database of the name in ${setting}.`,
    "Create it with createdb, let the role create it (CREATEDB), or correct the name.",
  ],
  "42501": ({ setting }) => [
    `PostgreSQL does not let the user of ${setting} connect to the database.`,
    "Grant it CONNECT on the database.",
  ],
  "42704": ({ setting }) => [
    `PostgreSQL does not know a parameter in options of ${setting}.`,
    "Correct options; PGOPTIONS counts too.",
  ],
  "22023": ({ setting }) => [
    `PostgreSQL does not take a value in options of ${setting}.`,
    "Correct options; PGOPTIONS counts too.",
  ],
  CERT_HAS_EXPIRED: ({ at }) => [
    `The certificate of PostgreSQL at ${at} has expired.`,
    "Renew it, and check the clocks.",
  ],
  CERT_NOT_YET_VALID: ({ at }) => [
    `The certificate of PostgreSQL at ${at} is not valid yet.`,
    "Check the clocks of both machines.",
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: ({ at, target, setting }) => [
    `The certificate of PostgreSQL at ${at} is for another name than ${target.host}.`,
    `Use a name from the certificate in ${setting}, or sslmode=verify-ca with its own authority in sslrootcert.`,
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_SIGNATURE_FAILURE: untrusted,
  EPROTO: unusable,
};

/** What pg and poolers say without a code that would tell. */
const texts: readonly (readonly [RegExp, string, isPassing: boolean, Explain])[] = [
  [
    /does not support SSL/,
    "NO_TLS",
    false,
    ({ at, setting }) => [
      `PostgreSQL at ${at} offers no TLS, and ${setting} asks for it.`,
      `Switch ssl on in postgresql.conf, or use sslmode=disable in ${setting} where the network is trusted.`,
    ],
  ],
  [/error establishing an SSL connection/, "NO_TLS", false, unusable],
  [
    /password must be a|no password supplied/i,
    "NO_PASSWORD",
    false,
    ({ setting }) => [
      `PostgreSQL asks for a password, and ${setting} has none.`,
      "Add it after the user name: postgres://user:password@host/database.",
    ],
  ],
  [
    /unsupported startup parameter/i,
    "POOLER_OPTIONS",
    false,
    ({ setting }) => [
      `The pooler before PostgreSQL does not take options from ${setting} or PGOPTIONS.`,
      "Remove options, and set the same for the role: alter role … set search_path = …",
    ],
  ],
  [
    /statement pooling mode/i,
    "POOLER_STATEMENTS",
    false,
    ({ setting }) => [
      `The pooler in ${setting} is in statement mode, which has no transactions.`,
      "Set pool_mode to transaction or session.",
    ],
  ],
  [
    /no such user|role .* does not exist|not allowed to connect|auth(entication)? failed/i,
    "POOLER_USER",
    false,
    ({ setting }) => [
      `The pooler refuses the user or the password in ${setting}.`,
      "Correct them, or add the user to the pooler's auth_file.",
    ],
  ],
  [
    /no such database|database .* does not exist/i,
    "POOLER_DATABASE",
    false,
    ({ setting }) => [
      `The pooler has no database of the name in ${setting}.`,
      "Add it to the pooler's [databases], or correct the name.",
    ],
  ],
  [
    /server.*(login|connect).*fail|cannot connect to server|query_wait_timeout|the database system is/i,
    "POOLER_SERVER",
    true,
    ({ at }) => [
      `The pooler at ${at} cannot reach PostgreSQL.`,
      "Look into the pooler's log; it names the server that it tries.",
    ],
  ],
  [
    /no more connections allowed|client_login_timeout/i,
    "POOLER_FULL",
    true,
    ({ at }) => [`The pooler at ${at} has no connection left.`, "Raise its max_client_conn."],
  ],
  [/timeout expired|connection timeout|timeout exceeded/i, "ETIMEDOUT", true, silent],
  [/terminated unexpectedly|Connection terminated/i, "ECONNRESET", true, cut],
];

function describe(error: Failure): readonly [code: string, isPassing: boolean, explain: Explain] | null {
  // Of a name with several addresses all have failed, and the last one says as much as the others.
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors.at(-1) as Failure);
  // PostgreSQL's own codes come first: a pooler gives its words the code of a broken protocol.
  const code = typeof error.code === "string" ? error.code : null;
  if (code !== null) {
    if (passing[code] !== undefined) return [code, true, passing[code]];
    if (lasting[code] !== undefined) return [code, false, lasting[code]];
  }
  for (const [words, name, isPassing, explain] of texts) {
    if (words.test(error.message)) return [name, isPassing, explain];
  }
  if (code !== null && /^ERR_(SSL|TLS|OSSL)/.test(code)) return [code, false, unusable];
  return error.cause instanceof Error ? describe(error.cause) : null;
}

/** Why no connection comes about, in words for the operator; null for a failure that nobody foresaw. */
export function explainPostgresFailure(error: unknown, place: Place): PostgresUnavailableError | null {
  if (error instanceof PostgresUnavailableError) return error;
  if (!(error instanceof Error)) return null;
  const found = describe(error);
  if (found === null) return null;
  const [code, isPassing, explain] = found;
  const [reason, cure] = explain({ ...place, at: placeOf(place.target), error });
  return new PostgresUnavailableError(reason, cure, { code, isPassing, cause: error });
}
