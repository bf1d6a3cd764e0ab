import type { Server } from "node:http";
import { OperatorError } from "../errors/operator-error.ts";

/** How long open requests may take to end when the server closes. */
const closeGraceMs = 5_000;

/**
 * How many connections may wait to be accepted; the system may allow fewer (Linux: net.core.somaxconn). Where the queue
 * is full, the kernel drops a client's SYN, and the client tries again only after a second (RFC 6298 section 2.1).
 */
const backlog = 4_096;

/** What is wrong with HOST, where that keeps a server from listening; else the failure itself. */
export function explainListenFailure(error: unknown, host: string): unknown {
  const { code } = error as { code?: unknown };
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new OperatorError(`The name in HOST, ${host}, is not known.`, "Correct HOST, or leave it out.");
  }
  if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT" || code === "EINVAL") {
    const cure = "Correct HOST, or leave it out.";
    return new OperatorError(`This machine does not have the address in HOST, ${host}.`, cure);
  }
  return error;
}

/** Rejects where the port cannot be had. @throws OperatorError where HOST is wrong */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (error: unknown) => reject(explainListenFailure(error, host));
  server.once("error", onError);
  server.listen({ port, host, backlog }, () => resolve());
  await promise;
  server.off("error", onError);
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
