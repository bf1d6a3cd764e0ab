import { logEvent } from "../log-fields.ts";

/** Clients: who they are, what they send, and what went wrong with it. */
export const requestEvents = {
  request: logEvent({
    level: "info",
    message: "an operation was answered",
    fields: [
      "requestId",
      "transport",
      "operationType",
      "operationName",
      "fields",
      "status",
      "codes",
      "seconds",
      "events",
      "userId",
      "actor",
    ],
    advice: "Only with `LOG_REQUESTS`. A subscription has its line at its end.",
  }),
  "operation.failed": logEvent({
    level: "error",
    message: "an operation failed unexpectedly",
    fields: ["requestId", "err"],
    advice:
      "The client was told `INTERNAL_SERVER_ERROR` and this `requestId`. Look at `err`; report it if it is a bug.",
    limit: { lines: 30 },
  }),
  "callback.failed": logEvent({
    level: "error",
    message: "an OAuth callback failed unexpectedly",
    fields: ["provider", "err"],
    advice: "The user was asked to start again. Look at `err`; report it if it is a bug.",
    limit: { lines: 30 },
  }),
  "http.failed": logEvent({
    level: "error",
    message: "a request failed unexpectedly",
    fields: ["route", "err"],
    advice: "Look at `err`; report it if it is a bug.",
    limit: { lines: 30 },
  }),
  "caller.refused": logEvent({
    level: "info",
    message: "a caller was refused",
    fields: ["code", "reason", "ip"],
    advice:
      "A few are normal: tokens expire. Many with one `reason` point at a client, or at `AUTH_ISSUER` and " +
      "`AUTH_AUDIENCE`.",
    limit: { lines: 5, by: "reason" },
  }),
  "caller.blocked": logEvent({
    level: "warn",
    message: "too many tokens from one address are not valid; answering with 429 for a while",
    fields: ["ip"],
    advice: "Find the client at this address. Behind a proxy, check `TRUSTED_PROXY_HOPS`.",
  }),
  "identity_provider.lost": logEvent({
    level: "warn",
    message: "the identity provider's keys cannot be read; the last ones are used for 10 minutes",
    fields: ["address", "reason", "code"],
    advice: "Check `AUTH_JWKS_URL`, the network and the identity provider. Repeated every minute while it lasts.",
  }),
  "identity_provider.regained": logEvent({
    level: "info",
    message: "the identity provider's keys can be read again",
    fields: ["address", "seconds"],
    advice: "",
  }),
  "proxy.unconfigured": logEvent({
    level: "warn",
    message: "a request came through a proxy while TRUSTED_PROXY_HOPS is 0; this is said once",
    fields: ["header", "cure"],
    advice: "Set `TRUSTED_PROXY_HOPS` to the number of proxies that add to `X-Forwarded-For`.",
  }),
  "connection.unread": logEvent({
    level: "info",
    message: "a connection is closed: its client reads nothing",
    fields: ["transport"],
    advice: "The client comes back after its last cursor. If there are many, look at clients and networks.",
    limit: { lines: 10 },
  }),
  "audit.unwritten": logEvent({
    level: "error",
    message: "an audit entry could not be written",
    fields: ["action", "outcome", "err"],
    advice: "Mend the database. This line is the only record of the refusal.",
  }),
  "audit.delayed": logEvent({
    level: "error",
    message: "accesses by services could not be put on record; they are kept in memory",
    fields: ["count", "err"],
    advice: "Mend the database before you stop the server: a stop loses them.",
    limit: { lines: 1 },
  }),
};
