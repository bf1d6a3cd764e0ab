import { isIPv6 } from "node:net";

/** The first four groups of an IPv6 address: the network that one customer is given whole (RFC 6177, section 2). */
function prefix64(ip: string): string {
  const [head = "", tail] = ip.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const [before, after] = [groups(head), tail === undefined ? [] : groups(tail)];
  // A dotted end counts as two groups.
  const width = before.length + after.length + (ip.includes(".") ? 1 : 0);
  const zeros = tail === undefined ? 0 : 8 - width;
  return [...before, ...Array.from({ length: zeros }, () => "0"), ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

/** Whom an address stands for: a client has one IPv4 address, and of IPv6 at least a whole /64 to choose from. */
export function networkOf(ip: string): string {
  return isIPv6(ip) ? `${prefix64(ip)}::/64` : ip;
}
