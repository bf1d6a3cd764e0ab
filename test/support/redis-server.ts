import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createClient } from "@redis/client";
import { vi } from "vitest";
import { patience } from "./patience.ts";
import { freePort } from "./postgres-cluster.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const program = "/usr/bin/redis-server";

/** A Redis of a test's own, which keeps nothing on disk. */
export class RedisServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: AsyncDisposable;
  readonly port: number;
  readonly url: string;

  private constructor(child: ChildProcess, folder: AsyncDisposable, port: number, password: string | null) {
    this.#child = child;
    this.#folder = folder;
    this.port = port;
    this.url = `redis://${password === null ? "" : `:${password}@`}127.0.0.1:${port}`;
  }

  /** @param options as on the command line of redis-server */
  static async start(options: readonly string[] = [], password: string | null = null): Promise<RedisServer> {
    const folder = await temporaryFolder();
    const port = await freePort();
    const secret = password === null ? [] : ["--requirepass", password];
    const own = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder.path];
    const child = spawn(program, [...own, ...secret, ...options], { stdio: "ignore" });
    const server = new RedisServer(child, folder, port, password);
    await vi.waitFor(() => server.command("PING"), patience);
    return server;
  }

  async command(...words: readonly string[]): Promise<unknown> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on("error", () => {});
    try {
      await client.connect();
      return await client.sendCommand([...words]);
    } finally {
      if (client.isOpen) client.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
    await this.#folder[Symbol.asyncDispose]();
  }
}
