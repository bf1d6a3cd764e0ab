import { isIP } from "node:net";
import type { EnvironmentReader } from "./environment-reader.ts";

/** Where the server listens. */
export interface ListenAddress {
  /** A name, or an address without brackets. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** @param production whether the server is for others than this machine */
export function readListenAddress(reader: EnvironmentReader, production: boolean): ListenAddress {
  return {
    host: readHost(reader, production ? "0.0.0.0" : "127.0.0.1"),
    port: reader.integer("PORT", 4000, 0, 65_535),
  };
}

/** As a URL has it: an IPv6 address in brackets. */
export const addressOf = (host: string, port: number): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

/** A name or an address to listen on; an IPv6 address may stand in brackets, as URLs have it. */
function readHost(reader: EnvironmentReader, fallback: string): string {
  const value = reader.text("HOST");
  if (value === null) return fallback;
  const [, inBrackets] = /^\[(.*)\]$/.exec(value) ?? [];
  if (inBrackets !== undefined && isIP(inBrackets) === 6) return inBrackets;
  const isName = /^[a-z\d_]([a-z\d_-]{0,62})(\.[a-z\d_][a-z\d_-]{0,62})*\.?$/i.test(value);
  // Digits and dots that are no address would be looked up as a name.
  if (isIP(value) !== 0 || (isName && !/^[\d.]+$/.test(value))) return value;
  reader.fault("HOST", "expected a name or an address, without scheme and port.", fallback);
  return fallback;
}
