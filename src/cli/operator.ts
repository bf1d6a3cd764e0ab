import { userInfo } from "node:os";
import type { Caller } from "../callers/caller.ts";
import { scopeNames } from "../callers/scope.ts";

/** The name of the person at the command line, for the audit log: `cli:` and the system's user. */
export function operatorName(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    // In a container the process may run under a number that has no name.
    return `cli:uid ${process.getuid?.() ?? "unknown"}`;
  }
}

/** The operator, acting on what belongs to a user. Whoever has the server's keys may do everything. */
export function operator(userId: string): Caller {
  return {
    userId,
    actor: operatorName(),
    scopes: new Set(scopeNames),
    expiresAt: new Date(8.64e15),
    ip: null,
    userAgent: "maestro-auth",
  };
}
