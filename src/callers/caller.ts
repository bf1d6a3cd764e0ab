import type { Scope } from "./scope.ts";

/** When and how a user proved who they are (OpenID Connect Core, section 2). */
export interface Login {
  /** The claim `auth_time`. */
  readonly authTime: Date | null;
  readonly acr: string | null;
  /** RFC 8176. */
  readonly amr: readonly string[];
}

/** Who sent a request, as its verified token says. */
export interface Caller {
  /** Whose credentials are meant: the token's `sub`, or the user on whose behalf a service acts. */
  readonly userId: string;
  /** The token's `sub`. */
  readonly actor: string;
  readonly scopes: ReadonlySet<Scope>;
  /** When the token ends; nothing may be delivered to the caller after it. */
  readonly expiresAt: Date;
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** The key that the token was signed with, by its thumbprint (RFC 7638); null where that is a shared secret. */
  readonly signedBy?: string | null;
  /** Absent where no token says anything of a login. */
  readonly login?: Login;
}

/** The request comes from nobody that the server knows, or from somebody who may not do this. */
export class CallerError extends Error {
  readonly code: "UNAUTHENTICATED" | "FORBIDDEN" | "INSUFFICIENT_USER_AUTHENTICATION" | "IDENTITY_PROVIDER_UNAVAILABLE";

  constructor(code: CallerError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CallerError";
    this.code = code;
  }
}

/** Nobody without a scope gets further than this. */
export function forbidden(scope: Scope): CallerError {
  return new CallerError("FORBIDDEN", `The token needs the scope \`${scope}\`.`);
}
