/** What a token may allow; the claim `scope` lists them, separated by spaces (RFC 8693, section 4.2). */
export const scopes = {
  "credentials:read": "list the user's credentials and follow their events",
  "credentials:write": "connect, check and revoke credentials",
  "credentials:use": "get headers by issueAccess",
  "credentials:import": "deposit tokens obtained elsewhere",
  sessions: "start and change sessions",
  "users:act": "act for the user named in the header x-on-behalf-of",
  admin: "administer the server",
} as const;

export type Scope = keyof typeof scopes;

export const scopeNames = Object.keys(scopes) as Scope[];

/** What an application needs for its own user. */
export const userScopes = scopeNames.filter((scope) => scope !== "users:act" && scope !== "admin");
