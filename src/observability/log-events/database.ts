import { logEvent } from "../log-fields.ts";

/** PostgreSQL, the embedded database, Redis, the encryption keys, and work that is done in the background. */
export const databaseEvents = {
  "database.lost": logEvent({
    level: "error",
    message: "PostgreSQL cannot be reached",
    fields: ["reason", "cure", "code"],
    advice: "Follow `cure`. Repeated every minute while it lasts; `/ready` answers 503.",
  }),
  "database.regained": logEvent({
    level: "info",
    message: "PostgreSQL can be reached again",
    fields: ["seconds"],
    advice: "",
  }),
  "database.failed": logEvent({
    level: "fatal",
    message: "the embedded database can be used no more, and the server ends",
    fields: ["reason", "cure"],
    advice: "Follow `cure`, and start again. What was committed is kept.",
  }),
  "database.slow": logEvent({
    level: "warn",
    message: "a statement took more than a second",
    fields: ["statement", "seconds"],
    advice: "Look for what keeps the database busy: locks, its disk, a table that needs VACUUM.",
    limit: { lines: 2, by: "statement" },
  }),
  "database.clock_unread": logEvent({
    level: "debug",
    message: "the database's clock could not be read; going on from the last reading",
    fields: ["err"],
    advice: "",
  }),
  "doorbell.lost": logEvent({
    level: "warn",
    message: "doorbell cannot connect; events are found by polling until it can",
    fields: ["reason", "cure", "err"],
    advice: "Follow `cure`. Until then events arrive up to a second late.",
  }),
  "doorbell.regained": logEvent({
    level: "info",
    message: "doorbell connected again",
    fields: ["seconds"],
    advice: "",
  }),
  "doorbell.unrung": logEvent({
    level: "debug",
    message: "doorbell not rung; subscribers elsewhere find the events by polling",
    fields: ["err"],
    advice: "",
  }),
  "doorbell.stranger": logEvent({
    level: "warn",
    message: "another server whose database has another history rings on this doorbell; its rings are ignored",
    fields: [],
    advice:
      "One of the two databases is a copy, or one server is cut off from its primary. Give each environment its own `EVENTS_URL`, and check where the other server's `DATABASE_URL` leads.",
  }),
  "timeline.began": logEvent({
    level: "warn",
    message: "the database is not the one it was; event streams end with CURSOR_EXPIRED",
    fields: ["reason"],
    advice:
      "After a restore or a failover, follow docs/backup-and-restore.md. Otherwise check where `DATABASE_URL` or `DATA_DIR` leads.",
  }),
  "timeline.changed": logEvent({
    level: "warn",
    message: "a new timeline has begun; all event streams of this process are ended",
    fields: [],
    advice: "One of the processes has a `timeline.began` line with the reason.",
  }),
  "timeline.unread": logEvent({
    level: "debug",
    message: "the timeline could not be read; trying again",
    fields: ["err"],
    advice: "",
  }),
  "rate_limits.lost": logEvent({
    level: "warn",
    message: "the store of rate limits is away; each process counts by itself until it is back",
    fields: ["reason", "cure", "err"],
    advice: "Follow `cure`. Limits hold for each process on its own meanwhile.",
  }),
  "rate_limits.regained": logEvent({
    level: "info",
    message: "the store of rate limits is back",
    fields: ["seconds"],
    advice: "",
  }),
  "rate_limits.cleared": logEvent({
    level: "debug",
    message: "rate limits whose window has ended are removed",
    fields: ["count"],
    advice: "",
  }),
  "rate_limits.uncleared": logEvent({
    level: "debug",
    message: "expired rate limits could not be removed; trying again later",
    fields: ["err"],
    advice: "",
  }),
  "retention.removed": logEvent({
    level: "info",
    message: "rows past their retention are removed",
    fields: ["table", "count"],
    advice: "",
  }),
  "retention.failed": logEvent({
    level: "warn",
    message: "rows past their retention could not be removed; trying again later",
    fields: ["table", "err"],
    advice: "If it goes on, the table grows. Mend the database.",
    limit: { lines: 1, by: "table" },
  }),
  "writing.delayed": logEvent({
    level: "warn",
    message: "rows could not be written; they are kept in memory",
    fields: ["table", "count", "err"],
    advice: "Mend the database; see `database.lost`. A stop loses them.",
    limit: { lines: 1, by: "table" },
  }),
  "sessions.unswept": logEvent({
    level: "warn",
    message: "sessions could not be swept; trying again",
    fields: ["err"],
    advice: "Mend the database; see `database.lost`.",
    limit: { lines: 1 },
  }),
  "events.unread": logEvent({
    level: "warn",
    message: "events could not be read; trying again",
    fields: ["err"],
    advice: "Mend the database; see `database.lost`.",
    limit: { lines: 1 },
  }),
  "events.unpolled": logEvent({
    level: "warn",
    message: "event streams could not be polled; trying again",
    fields: ["err"],
    advice: "Mend the database; see `database.lost`.",
    limit: { lines: 1 },
  }),
  "keys.activated": logEvent({
    level: "info",
    message: "new values are sealed with a new key",
    fields: ["keyId"],
    advice: "",
  }),
  "keys.unread": logEvent({
    level: "warn",
    message: "the encryption keys could not be looked at; going on with those known",
    fields: ["err"],
    advice: "Mend the database; see `database.lost`.",
  }),
  "keys.unopened": logEvent({
    level: "error",
    message:
      "this server cannot open a new encryption key, and goes on with those it has; a rotation waits for it. " +
      "Give it the CREDENTIAL_ENCRYPTION_KEY of the others (`new-id:key,old-id:key`), and restart it",
    fields: ["keyId", "reason"],
    advice: "As the line says.",
  }),
};
