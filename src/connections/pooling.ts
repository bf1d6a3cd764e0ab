import { PostgresClient } from "./postgres-client.ts";
import type { PostgresTarget } from "./postgres-url.ts";

/** What stands between this process and PostgreSQL, by how it hands its connections out. */
export type Pooling = "none" | "session" | "transaction";

/** Milliseconds of silence after which a probing connection is given up. */
const probeMs = 10_000;

async function backendOf(client: PostgresClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]!.pid;
}

/**
 * Whether a pooler gives its connections to whoever comes next. In session mode two open clients never have the same
 * process, and each keeps its own.
 */
async function sharesBackends(target: PostgresTarget, first: PostgresClient): Promise<boolean> {
  const own = await backendOf(first);
  const second = new PostgresClient(target, { applicationName: "maestro-auth probe", answerMs: probeMs });
  second.on("error", () => {});
  try {
    await second.connect();
    for (let round = 0; round < 3; round += 1) {
      if ((await backendOf(second)) === own) return true;
      if ((await backendOf(first)) !== own) return true;
    }
  } catch {
    // It waits for a process of its own while the first one keeps the last: that is session mode.
  } finally {
    await second.end().catch(() => {});
  }
  return false;
}

/** How an open connection reaches PostgreSQL. A pooler makes up the number of the process that it tells its clients. */
export async function poolingOf(target: PostgresTarget, client: PostgresClient): Promise<Pooling> {
  if (client.backendPid === (await backendOf(client))) return "none";
  return (await sharesBackends(target, client)) ? "transaction" : "session";
}
