import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { vi } from "vitest";
import { patience } from "./patience.ts";
import { freePort, type PostgresCluster } from "./postgres-cluster.ts";
import type { PostgresPrograms } from "./postgres-cluster/programs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Where Debian's package has it. */
const program = "/usr/sbin/pgbouncer";

export interface PgBouncerOptions {
  readonly mode: "session" | "transaction" | "statement";
  /** Processes of PostgreSQL that it shares out. */
  readonly poolSize?: number;
  /** Lines for its section [pgbouncer]. */
  readonly settings?: string;
}

/** A PgBouncer of a test's own before a PostgreSQL of a test's own. Who comes is let in as who he says he is. */
export class PgBouncer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: AsyncDisposable;
  readonly #port: number;

  private constructor(child: ChildProcess, folder: AsyncDisposable, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.#port = port;
  }

  static async start(
    { account }: PostgresPrograms,
    cluster: PostgresCluster,
    { mode, poolSize = 4, settings = "" }: PgBouncerOptions,
  ): Promise<PgBouncer> {
    const folder = await temporaryFolder();
    const port = await freePort();
    const file = join(folder.path, "pgbouncer.ini");
    await writeFile(
      file,
      `[databases]
* = host=127.0.0.1 port=${cluster.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder.path, "users.txt")}
pool_mode = ${mode}
default_pool_size = ${poolSize}
max_client_conn = 500
server_login_retry = 1
${settings}
`,
    );
    await writeFile(join(folder.path, "users.txt"), '"postgres" ""\n"app" ""\n');
    // Like PostgreSQL it refuses to run as root.
    if (account !== null) await chown(folder.path, account.uid, account.gid);
    const child = spawn(program, ["-q", file], { stdio: "ignore", cwd: folder.path, ...account });
    const bouncer = new PgBouncer(child, folder, port);
    await vi.waitFor(async () => {
      const client = new pg.Client({ connectionString: bouncer.url("postgres") });
      client.on("error", () => {});
      await client.connect();
      await client.end();
    }, patience);
    return bouncer;
  }

  /** Of one of the cluster's databases. */
  url(database: string, user = "postgres"): string {
    return `postgres://${user}@127.0.0.1:${this.#port}/${database}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
    await this.#folder[Symbol.asyncDispose]();
  }
}
