import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** A server whose answers are written by hand, chunk by chunk. */
export interface RawServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly baseUrl: string;
  /** How many connections were opened since the start. */
  readonly connections: number;
}

/** Listens on a free port of 127.0.0.1; disposing it cuts all connections. */
export async function startRawServer(handle: RequestListener): Promise<RawServer> {
  let connections = 0;
  const server = createServer(handle)
    .on("connection", () => connections++)
    .listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** Begins an answer at once and never ends it; bytes keep coming, so that no time limit between two of them helps. */
export const dripBody: RequestListener = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" }).write('{"data":[');
  const drip = setInterval(() => response.write(" "), 5);
  response.on("close", () => clearInterval(drip));
};
