import { isIP } from "node:net";

/**
 * Whether a URL's host name means this machine (RFC 8252, section 8.3). Names other than `localhost` are not looked up.
 */
export function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, "");
  return name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

/** Whether secrets may travel to a URL: by https, or by http to this machine. */
export function isConfidential({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}
