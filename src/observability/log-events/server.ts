import { logEvent } from "../log-fields.ts";

/** The program itself: its start, its end, and what it runs on. */
export const serverEvents = {
  "server.started": logEvent({
    level: "info",
    message: "the server is listening",
    fields: ["version", "address", "database", "api"],
    advice: "",
  }),
  "server.waiting": logEvent({
    level: "warn",
    message: "the start waits",
    fields: ["reason"],
    advice: "Mend what it waits for. It gives up after `DATABASE_WAIT_SECONDS`.",
  }),
  "server.exposed": logEvent({
    level: "warn",
    message: "pages of this server are open to more people than they should be",
    fields: ["reason", "cure"],
    advice: "Follow `cure`.",
  }),
  "server.stopping": logEvent({
    level: "info",
    message: "the server stops: it lets requests and refreshes in flight end",
    fields: ["signal"],
    advice: "",
  }),
  "server.stopped": logEvent({
    level: "info",
    message: "the server has stopped, and everything stored is kept",
    fields: ["signal", "seconds"],
    advice: "",
  }),
  "server.failed": logEvent({
    level: "fatal",
    message: "the server cannot start or go on",
    fields: ["reason", "cure", "code"],
    advice: "Follow `cure`. A faulty configuration gives one line for each fault.",
  }),
  "server.crashed": logEvent({
    level: "fatal",
    message: "Unexpected failure, closing",
    fields: ["err"],
    advice: "Restart it, if your supervisor doesn't. Report the line as a bug.",
  }),
  "server.debugger_refused": logEvent({
    level: "warn",
    message: "SIGUSR1 is ignored: in production no debugger is let in",
    fields: [],
    advice: "Find out who sent the signal. A debugger could read opened secrets.",
  }),
  "log.suppressed": logEvent({
    level: "warn",
    message: "lines of an event were left out in the last minute",
    fields: ["of", "value", "count"],
    advice: "The lines before it show what it is. `count` more were not written.",
  }),
  "sandbox.failed": logEvent({
    level: "error",
    message: "the sandbox failed",
    fields: ["err"],
    advice: "Restart the server. The sandbox only exists outside production.",
  }),
};
