import { RedirectUriNotAllowedError } from "../../errors/auth-error.ts";

/** `http://127.0.0.1[:port]/path` or with `[::1]`: nothing but host, port and path (RFC 8252, section 7.3). */
const loopbackPattern = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?(\/[\w./-]*)$/;

/** Host and path of a loopback URI, whose port may vary; null for any other URI. */
function loopbackWithoutPort(uri: string): string | null {
  const [, host, port, path] = loopbackPattern.exec(uri) ?? [];
  if (host === undefined || Number(port ?? 80) > 65_535 || path!.includes("..")) return null;
  return `${host}${path}`;
}

export function isLoopbackUri(uri: string): boolean {
  return loopbackWithoutPort(uri) !== null;
}

/** The operator's list of redirect URIs. They are compared as texts: no prefix, no wildcard, no normalisation. */
export class RedirectUris {
  readonly #allowed: readonly string[];
  readonly #loopback: ReadonlySet<string>;

  constructor(allowed: readonly string[]) {
    this.#allowed = allowed;
    this.#loopback = new Set(allowed.map(loopbackWithoutPort).filter((uri) => uri !== null));
  }

  /**
   * The loopback URI for flows that name none: the provider's own callback where it is one, else the first on the list
   * that is no other callback of this server; null where the operator lists none.
   */
  defaultLoopback(callback: string, isOtherCallback: (uri: string) => boolean): string | null {
    const loopback = this.#allowed.filter(isLoopbackUri);
    return loopback.find((uri) => uri === callback) ?? loopback.find((uri) => !isOtherCallback(uri)) ?? null;
  }

  allows(uri: string): boolean {
    const loopback = loopbackWithoutPort(uri);
    return this.#allowed.includes(uri) || (loopback !== null && this.#loopback.has(loopback));
  }

  /** @throws RedirectUriNotAllowedError */
  assertAllowed(uri: string): void {
    if (!this.allows(uri)) throw new RedirectUriNotAllowedError(this.#allowed);
  }
}
