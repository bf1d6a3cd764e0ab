/**
 * Closes the network: once this module is imported, the process reaches loopback addresses and unix sockets only.
 * Tests load it as a set-up file; a process that a test starts gets it with `node --import`.
 */
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";

/** An outbound call that a test must not make. */
class ClosedNetworkError extends Error {
  readonly code = "ERR_NETWORK_CLOSED";

  constructor(host: string) {
    super(`The network is closed in tests: ${host} is not a loopback address.`);
    this.name = "ClosedNetworkError";
  }
}

const loopback = new net.BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function isLoopback(host: string): boolean {
  const family = net.isIP(host);
  // A name is never looked up: the question alone would leave this machine.
  return family === 0 ? host.toLowerCase() === "localhost" : loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}

type Options = Partial<net.TcpNetConnectOpts & net.IpcNetConnectOpts>;

/**
 * Where `socket.connect(…)` would go; null for a unix socket. Node itself passes `[options, callback]` as one array.
 */
function destination([first, second]: readonly unknown[]): string | null {
  if (Array.isArray(first)) return destination(first);
  if (typeof first === "object" && first !== null) {
    const { path, host } = first as Options;
    // As node:net decides it: node:http passes `path: null`.
    return path ? null : host || "localhost";
  }
  if (typeof first === "string" && !/^\d+$/.test(first)) return null;
  return typeof second === "string" ? second : "localhost";
}

const closed = Symbol.for("maestro-auth.closed-network");
const state = globalThis as { [closed]?: true };

function closeNetwork(): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its socket below
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
    const host = destination(args);
    if (host === null || isLoopback(host)) return Reflect.apply(connect, this, args);
    // As a connection that fails: what the caller does with network errors is then tested too.
    process.nextTick(() => this.destroy(new ClosedNetworkError(host)));
    return this;
  };

  const { lookup } = dns;
  const lookupOnThisMachine = (host: string, ...rest: unknown[]): void => {
    const callback = rest.at(-1) as (error: Error) => void;
    if (isLoopback(host)) Reflect.apply(lookup, dns, [host, ...rest]);
    else process.nextTick(callback, new ClosedNetworkError(host));
  };
  dns.lookup = Object.assign(lookupOnThisMachine, { __promisify__: lookup.__promisify__ });

  const lookupPromise = dns.promises.lookup;
  dns.promises.lookup = (async (host: string, ...rest: unknown[]) => {
    if (!isLoopback(host)) throw new ClosedNetworkError(host);
    return Reflect.apply(lookupPromise, dns.promises, [host, ...rest]);
  }) as typeof dns.promises.lookup;

  syncBuiltinESMExports();
}

// Workers run many test files, each with this set-up.
if (state[closed] === undefined) {
  state[closed] = true;
  closeNetwork();
}
