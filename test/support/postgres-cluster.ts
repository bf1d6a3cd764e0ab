import { once } from "node:events";
import { appendFile, chown, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { findPrograms, type PostgresPrograms, runProgram } from "./postgres-cluster/programs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A port of 127.0.0.1 that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

// Without fsync a commit survives the server's end, and not the machine's, which no test brings about.
const settings = (port: number, folder: string) => `
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = '${folder}'
max_connections = 100
fsync = off
`;

export interface ClusterOptions {
  /** Lines for postgresql.conf. The folder is the server's user's, and may be given files. */
  readonly settings?: (folder: string) => string | Promise<string>;
  /** The whole of pg_hba.conf; everybody is trusted unless it is given. */
  readonly access?: string;
}

/** A PostgreSQL server of a test's own, which it may stop in the middle of anything. */
export class PostgresCluster implements AsyncDisposable {
  readonly #programs: PostgresPrograms;
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>;
  #running = false;
  #port: number;

  private constructor(programs: PostgresPrograms, folder: Awaited<ReturnType<typeof temporaryFolder>>, port: number) {
    this.#programs = programs;
    this.#folder = folder;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  /** Of its database `postgres`, for its superuser; the port stays the same when it is started again. */
  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/postgres`;
  }

  /** What is needed to create one; null where there is no PostgreSQL, or nobody who may run it. */
  static find(): Promise<PostgresPrograms | null> {
    return findPrograms();
  }

  /** Makes a cluster in a temporary folder, and starts it. It takes seconds: make one for a file. */
  static async create(
    programs: PostgresPrograms,
    { settings: further = () => "", access }: ClusterOptions = {},
  ): Promise<PostgresCluster> {
    const folder = await temporaryFolder();
    const port = await freePort();
    const cluster = new PostgresCluster(programs, folder, port);
    try {
      const { account } = programs;
      if (account !== null) await chown(folder.path, account.uid, account.gid);
      const initdb = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync"];
      await runProgram(programs, "initdb", [...initdb, `--pgdata=${cluster.#data}`], folder.path);
      await appendFile(join(cluster.#data, "postgresql.conf"), settings(port, folder.path));
      await appendFile(join(cluster.#data, "postgresql.conf"), await further(folder.path));
      if (access !== undefined) await writeFile(join(cluster.#data, "pg_hba.conf"), access);
      await cluster.start();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /**
   * Copies a server that runs, as it is now. A standby follows it from then on; any other copy is left as it is, and
   * not started: as a snapshot of its disk.
   */
  static async copyOf(source: PostgresCluster, kind: "standby" | "snapshot"): Promise<PostgresCluster> {
    const programs = source.#programs;
    const folder = await temporaryFolder();
    const cluster = new PostgresCluster(programs, folder, await freePort());
    try {
      const { account } = programs;
      if (account !== null) await chown(folder.path, account.uid, account.gid);
      const from = ["--host=127.0.0.1", `--port=${source.port}`, "--username=postgres"];
      const how = ["--checkpoint=fast", "--no-sync", ...(kind === "standby" ? ["--write-recovery-conf"] : [])];
      await runProgram(programs, "pg_basebackup", [...from, ...how, `--pgdata=${cluster.#data}`], folder.path);
      await appendFile(join(cluster.#data, "postgresql.conf"), settings(cluster.port, folder.path));
      if (kind === "standby") await cluster.start();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** Ends the stream from its primary: what is committed there from now on does not come here. */
  async stopReceiving(): Promise<void> {
    await appendFile(join(this.#data, "postgresql.conf"), "\nprimary_conninfo = ''\n");
    // What pg_basebackup has written there stands above postgresql.conf.
    await writeFile(join(this.#data, "postgresql.auto.conf"), "");
    await this.#control("restart", "--wait", "--mode=fast", `--log=${this.#log}`);
  }

  /** Takes the place of a server whose end is sudden, at its address; a standby is promoted for that. */
  async takeOver(other: PostgresCluster): Promise<void> {
    await other.stopImmediately();
    if (this.#running) await this.#control("stop", "--wait", "--mode=fast");
    const isStandby = this.#running;
    this.#running = false;
    this.#port = other.port;
    await appendFile(join(this.#data, "postgresql.conf"), settings(this.#port, this.#folder.path));
    await this.start();
    if (isStandby) await this.promote();
  }

  /** Where its socket is. */
  get folder(): string {
    return this.#folder.path;
  }

  get #data(): string {
    return join(this.#folder.path, "data");
  }

  get #log(): string {
    return join(this.#folder.path, "log");
  }

  /** Starts it again. @returns when it accepts connections, after recovery if it needs that. */
  async start(): Promise<void> {
    if (this.#running) return;
    try {
      await this.#control("start", "--wait", `--log=${this.#log}`);
    } catch (error) {
      const log = await readFile(this.#log, "utf8").catch(() => "");
      throw new Error(`PostgreSQL did not start:\n${log}`, { cause: error });
    }
    this.#running = true;
  }

  /** Aborts all its processes, without a checkpoint: connections break, and what was not committed is gone. */
  async stopImmediately(): Promise<void> {
    if (!this.#running) return;
    await this.#control("stop", "--wait", "--mode=immediate");
    this.#running = false;
  }

  /** Starts it again as a standby without a primary: in recovery, it answers what is read. */
  async becomeStandby(): Promise<void> {
    await this.#control("stop", "--wait", "--mode=fast");
    this.#running = false;
    await writeFile(join(this.#data, "standby.signal"), "");
    await this.start();
  }

  /** Ends being a standby. */
  async promote(): Promise<void> {
    await this.#control("promote", "--wait");
  }

  async restart(): Promise<void> {
    await this.stopImmediately();
    await this.start();
  }

  #control(...args: readonly string[]): Promise<void> {
    return runProgram(this.#programs, "pg_ctl", [...args, `--pgdata=${this.#data}`], this.#folder.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopImmediately();
    await this.#folder[Symbol.asyncDispose]();
  }
}
