import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { BareRequest, BareRound, BareTask } from "./bare-refresher.ts";
import type { PinnedNode } from "./pinning.ts";
import type { RefreshSite } from "./site.ts";

/** What one round of refreshes took. */
export interface RefreshRound {
  readonly perSecond: number;
  /** Processor microseconds of the process for each refresh. */
  readonly cpuMicros: number;
}

/** A process that refreshes when it is its turn, and does nothing while it is not. */
export interface Contestant extends AsyncDisposable {
  refresh(count: number): Promise<RefreshRound>;
}

/** The rows of the yardstick: a copy of the credentials. */
export const bareTable = "bare_credentials";

const stalledAfterMs = 30_000;

interface Place {
  readonly site: RefreshSite;
  readonly inFlight: number;
  readonly pinned: PinnedNode | null;
}

/** Makes so many sign-ins due. @returns the database's time, in seconds since 1970. */
async function makeDue(site: RefreshSite, count: number): Promise<number> {
  const due = await site.query(
    `update provider_credentials set next_try_at = clock_timestamp() where id in (
      select id from provider_credentials where status = 'active' order by next_try_at limit $1) returning 1`,
    [count],
  );
  if (due.length < count) throw new Error(`only ${due.length} of ${count} sign-ins are left`);
  const [row] = await site.query<{ now: number }>("select extract(epoch from clock_timestamp())::float8 as now");
  return row!.now;
}

/** @returns seconds until the last of so many was stored. */
async function waitForStored(site: RefreshSite, count: number, since: number): Promise<number> {
  const deadline = performance.now() + stalledAfterMs;
  while (performance.now() < deadline) {
    const [row] = await site.query<{ count: number; seconds: number }>(
      `select count(*)::int as count, (extract(epoch from max(at)) - $1)::float8 as seconds
        from audit_log where at >= to_timestamp($1) and outcome = 'succeeded'`,
      [since],
    );
    if (row!.count >= count) return row!.seconds;
    await delay(20);
  }
  throw new Error(`${count} refreshes were not done in ${stalledAfterMs / 1000} seconds`);
}

/** The server's own refreshing. @param dataDir where its spool is. */
export async function startOurs({ site, inFlight, pinned }: Place, dataDir: string): Promise<Contestant> {
  const worker = await site.start({ maxInFlight: inFlight, intervalMs: 200, dataDir, pinned });
  worker.kill("SIGSTOP");
  return {
    async refresh(count) {
      const since = await makeDue(site, count);
      const before = worker.figures;
      worker.kill("SIGCONT");
      const seconds = await waitForStored(site, count, since);
      const after = await worker.readFigures();
      worker.kill("SIGSTOP");
      return { perSecond: count / seconds, cpuMicros: ((after.cpuMs - before.cpuMs) * 1000) / count };
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}

/** The yardstick, with the rows of a table and token families of its own. */
export async function startBare({ site, inFlight, pinned }: Place): Promise<Contestant> {
  const rows = await site.query<{ id: string; userId: string }>(`select id, user_id as "userId" from ${bareTable}`);
  const minted = await site.provider.mintAll(rows.map(({ userId }) => userId));
  const tokenUrl = `${site.provider.baseUrl}/v1/oauth/token`;
  const { clientId } = site.provider;
  const { databaseUrl } = site;
  const task: BareTask = { tokenUrl, clientId, databaseUrl, table: bareTable, inFlight };
  const child = fork(fileURLToPath(new URL("bare-refresher.ts", import.meta.url)), [JSON.stringify(task)], {
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    ...(pinned === null ? {} : { execPath: pinned.execPath, execArgv: [...pinned.execArgv] }),
  });
  const ended = once(child, "exit");
  let first: BareRequest["signIns"] = rows.map((row, index) => ({ ...row, refreshToken: minted[index]!.refreshToken }));
  return {
    async refresh(count) {
      child.send({ count, ...(first === undefined ? {} : { signIns: first }) } satisfies BareRequest);
      first = undefined;
      const answer = once(child, "message") as Promise<[BareRound]>;
      const [round] = await Promise.race([answer, ended.then(() => Promise.reject(new Error("the bare loop ended")))]);
      return { perSecond: (count / round.elapsedMs) * 1000, cpuMicros: (round.cpuMs * 1000) / count };
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await ended;
    },
  };
}
