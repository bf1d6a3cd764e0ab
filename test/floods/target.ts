import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What is flooded. */
export interface Target {
  readonly port: number;
  /** Of a caller who is known. */
  readonly token: string;
}

/** Floods for some seconds, with or without a token; it may be cut off whenever the server likes. */
export type Flood = (target: Target) => Promise<void>;

/** Milliseconds that a flood lasts. */
export const floodMs = 2_000;

/** Null where the server does not let it in. Nothing that becomes of it is a failure. */
export async function open({ port }: Target): Promise<Socket | null> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const closed = once(socket, "close").catch(() => {});
  socket.on("error", () => socket.destroy());
  // Each wait adds some, and takes them away when it is over.
  socket.setMaxListeners(0);
  await Promise.race([once(socket, "connect").catch(() => {}), closed]);
  return socket.destroyed ? null : socket;
}

/** Writes as fast as the server takes it. @returns whether it took it all */
export async function write(socket: Socket, data: Buffer | string): Promise<boolean> {
  if (socket.destroyed || !socket.writable) return false;
  if (socket.write(data)) return true;
  const closed = once(socket, "close").catch(() => {});
  await Promise.race([once(socket, "drain").catch(() => {}), closed]);
  return !socket.destroyed;
}

/** So many connections, each of which does the same, again and again until the flood is over. */
export async function crowd(
  target: Target,
  count: number,
  act: (socket: Socket, index: number) => Promise<void>,
  { reads = true }: { readonly reads?: boolean } = {},
): Promise<void> {
  const end = performance.now() + floodMs;
  const one = async (index: number) => {
    while (performance.now() < end) {
      const socket = await open(target);
      if (socket === null) {
        await pause(50);
        continue;
      }
      if (reads) socket.resume();
      else socket.pause();
      const timer = setTimeout(() => socket.destroy(), Math.max(end - performance.now(), 0));
      await act(socket, index);
      clearTimeout(timer);
      socket.destroy();
      await pause(20);
    }
  };
  await Promise.all(Array.from({ length: count }, (_, index) => one(index)));
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Until the connection is closed, by whichever side. */
export async function closed(socket: Socket): Promise<void> {
  if (!socket.destroyed) await once(socket, "close").catch(() => {});
}

export function head(method: string, path: string, fields: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, "host: localhost", ...fields, "", ""].join("\r\n");
}

export function post(target: Target | null, fields: readonly string[] = []): string {
  const authorization = target === null ? [] : [`authorization: Bearer ${target.token}`];
  return head("POST", "/graphql", ["content-type: application/json", ...authorization, ...fields]);
}

/** `levels` arrays in each other. */
export const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
