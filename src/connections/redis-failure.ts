import { OperatorError } from "../errors/operator-error.ts";
import type { Secret } from "../lib/secret.ts";
import { parseRedisUrl, type RedisTarget } from "./redis-url.ts";

/** Redis cannot be used. */
export class RedisUnavailableError extends OperatorError {}

type Explain = (target: RedisTarget) => readonly [cause: string, cure: string];

const away: Explain = ({ place }) => [
  `Redis does not answer at ${place}.`,
  "Start it, or correct the address in EVENTS_URL.",
];
const unknownHost: Explain = ({ place }) => [
  `The host of Redis at ${place} cannot be looked up.`,
  "Correct EVENTS_URL, or check the name server.",
];
const unreachable: Explain = ({ place }) => [
  `Redis at ${place} cannot be reached over the network.`,
  "Check the network and firewalls in between, or correct EVENTS_URL.",
];
const untrusted: Explain = ({ place }) => [
  `The certificate of Redis at ${place} is not trusted.`,
  "Give Node the file of its authority with NODE_EXTRA_CA_CERTS, and use a name from the certificate in EVENTS_URL.",
];
// A Redis without TLS reads a handshake as a command, and may wait for the end of its line.
const silent: Explain = ({ place, isEncrypted }) =>
  isEncrypted
    ? [
        `Redis at ${place} does not answer with TLS in time.`,
        "Use redis:// in EVENTS_URL for a port without TLS; otherwise check the network, and what keeps Redis busy.",
      ]
    : [`Redis at ${place} does not answer in time.`, "Check the network, and what keeps Redis busy."];
const plain: Explain = ({ place }) => [
  `Redis at ${place} does not answer with TLS.`,
  "Use redis:// in EVENTS_URL for a port without TLS, or the port that has it.",
];

/** By the code of the system or of TLS. */
const byCode: Readonly<Record<string, Explain>> = {
  ECONNREFUSED: away,
  ETIMEDOUT: away,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
  CERT_HAS_EXPIRED: untrusted,
  EPROTO: plain,
};

/**
 * By the first word of Redis's answer, and by what the client says itself.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors
 */
const byWords: readonly (readonly [RegExp, Explain])[] = [
  [
    /^(WRONGPASS|NOAUTH)|invalid password|AUTH.*without any password/i,
    () => [
      "Redis refuses the user or the password in EVENTS_URL.",
      "Correct them: redis://user:password@host, with special characters percent-encoded.",
    ],
  ],
  [
    /^NOPERM/,
    () => [
      "Redis does not allow the user in EVENTS_URL what this server needs.",
      "Grant it: ACL SETUSER <user> ~maestro-auth:* &maestro_auth_events +@connection +@pubsub +eval +set +incrby +pttl +info",
    ],
  ],
  [
    /^OOM/,
    () => [
      "Redis is full: it takes no more writes.",
      "Raise its maxmemory, or give this server a Redis of its own with maxmemory-policy allkeys-lru.",
    ],
  ],
  [/READONLY/, () => ["Redis is a read-only replica.", "Name the primary in EVENTS_URL, or promote this one."]],
  [
    /^(MOVED|ASK|CLUSTERDOWN|CROSSSLOT|TRYAGAIN)|SELECT is not allowed in cluster mode/,
    () => [
      "Redis is a cluster, which this server does not use.",
      "Name a single Redis in EVENTS_URL, or a proxy before the cluster; this server stores little.",
    ],
  ],
  [
    /^MISCONF/,
    () => ["Redis takes no writes because it cannot save to its disk.", "Free its disk; its log says more."],
  ],
  [/^(LOADING|MASTERDOWN|BUSY)/, ({ place }) => [`Redis at ${place} is busy or starting.`, "Wait until it is up."]],
  [
    /DB index is out of range/i,
    () => ["Redis has no database of the number in EVENTS_URL.", "Use a smaller number, or leave it out for 0."],
  ],
  [/max number of clients/i, ({ place }) => [`Redis at ${place} has no connection left.`, "Raise its maxclients."]],
  [
    /^NOPROTO|unknown command .?HELLO/i,
    () => ["Redis is older than version 6.", "Use Redis 6 or later, or leave EVENTS_URL out."],
  ],
  [/wrong version number|packet length too long|SSL routines/i, plain],
  [/timeout|did not answer in time/i, silent],
  [
    /closed unexpectedly|ECONNRESET|EPIPE|not connected|disconnected|Socket closed/i,
    ({ place, isEncrypted }) => [
      `Redis at ${place} has cut the connection.`,
      isEncrypted
        ? "Look into its log; use redis:// in EVENTS_URL if the port is without TLS."
        : "Look into its log; use rediss:// in EVENTS_URL if the port expects TLS.",
    ],
  ],
];

/** Why Redis cannot be used, in words for the operator; what nobody foresaw stays as it is. */
export function explainRedisFailure(error: unknown, url: Secret): unknown {
  if (!(error instanceof Error) || error instanceof OperatorError) return error;
  if (error instanceof AggregateError && error.errors.length > 0) return explainRedisFailure(error.errors.at(-1), url);
  const { code } = error as { code?: unknown };
  const words = `${error.message}${typeof code === "string" ? ` ${code}` : ""}`;
  const explain =
    (typeof code === "string" ? byCode[code] : undefined) ?? byWords.find(([pattern]) => pattern.test(words))?.[1];
  if (explain === undefined) return error.cause instanceof Error ? explainRedisFailure(error.cause, url) : error;
  const [reason, cure] = explain(parseRedisUrl(url.reveal()));
  return new RedisUnavailableError(reason, cure, { cause: error });
}
