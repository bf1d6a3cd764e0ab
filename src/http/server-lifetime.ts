import type { Server } from "node:http";
import type { Config } from "../config.ts";

/** How long open requests may take to end when the server closes. */
const closeGraceMs = 5_000;

/** Rejects where the port cannot be had. */
export async function listen(server: Server, { host, port }: Pick<Config, "host" | "port">): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, () => resolve());
  await promise;
  server.off("error", reject);
}

/** Lets open requests end, and cuts those that take too long. */
export async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => server.closeAllConnections(), closeGraceMs);
  server.close(() => resolve());
  server.closeIdleConnections();
  await promise;
  clearTimeout(timer);
}
