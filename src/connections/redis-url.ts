import { assertEncoded, ConnectionUrlError, malformedUrl, readParameters } from "./connection-url.ts";

export interface RedisTarget {
  /** `host:port`, without anything secret. */
  readonly place: string;
  readonly isEncrypted: boolean;
}

/**
 * Checks a URL as the client takes it (https://www.iana.org/assignments/uri-schemes/prov/redis), and what the client
 * would pass over without a word.
 * @throws ConnectionUrlError
 */
export function parseRedisUrl(text: string): RedisTarget {
  if (!/^rediss?:\/\//i.test(text)) {
    throw new ConnectionUrlError(
      "expected a URL that starts with redis:// or rediss://.",
      "For example: redis://localhost:6379; rediss:// is Redis over TLS.",
    );
  }
  assertEncoded(text);
  const url = URL.parse(text);
  if (url === null) throw malformedUrl();
  readParameters(url.search, [], { db: "Write the number of the database as the path: redis://localhost:6379/1." });
  if (url.hostname === "") throw new ConnectionUrlError("names no host.", "For example: redis://localhost:6379");
  if (!/^\/?\d{0,5}$/.test(url.pathname)) {
    throw new ConnectionUrlError(
      "has a path that is not the number of a database.",
      "Redis has numbers only: redis://localhost:6379/1, or no path for database 0.",
    );
  }
  const { protocol, port } = url;
  return { place: `${url.hostname}:${port === "" ? "6379" : port}`, isEncrypted: protocol === "rediss:" };
}
