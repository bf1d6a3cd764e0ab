import { PostgresCluster } from "../../support/postgres-cluster.ts";
import type { PostgresPrograms } from "../../support/postgres-cluster/programs.ts";
import type { Restore } from "./many-readers.ts";

/** A PostgreSQL at one address, behind which it goes back to an earlier state. */
export class RestorableCluster implements AsyncDisposable {
  readonly databaseUrl: string;
  readonly #clusters: PostgresCluster[];

  private constructor(first: PostgresCluster) {
    this.databaseUrl = first.url;
    this.#clusters = [first];
  }

  static async create(programs: PostgresPrograms): Promise<RestorableCluster> {
    return new RestorableCluster(await PostgresCluster.create(programs));
  }

  /** A standby that has stopped to follow is promoted: what its primary committed since is lost. */
  failover(): Restore {
    return this.#replacement("standby");
  }

  /** A snapshot of the disk is put back. The server itself sees nothing in it but a start after a crash. */
  snapshot(): Restore {
    return this.#replacement("snapshot");
  }

  #replacement(kind: "standby" | "snapshot"): Restore {
    let copy: PostgresCluster | undefined;
    return {
      prepare: async () => {
        copy = await PostgresCluster.copyOf(this.#clusters.at(-1)!, kind);
        this.#clusters.push(copy);
        if (kind === "standby") await copy.stopReceiving();
      },
      restore: () => copy!.takeOver(this.#clusters.at(-2)!),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cluster of this.#clusters) await cluster[Symbol.asyncDispose]();
  }
}
