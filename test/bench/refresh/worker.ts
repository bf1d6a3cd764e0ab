/**
 * The refreshing process of the tests, which besides tells the bench several times a second what it has done. The bench
 * decides when it ends, or is gone in whatever way.
 */
import { subscribe } from "node:diagnostics_channel";
import type { WorkerFigures, WorkerMessage } from "./worker-process.ts";

const intervalMs = 100;
let answers = 0;

function figures(): WorkerFigures {
  const { user, system } = process.cpuUsage();
  return { answers, cpuMs: (user + system) / 1000 };
}

// A terminal sends Ctrl-C to this process too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
process.once("disconnect", () => process.exit());
// A worker calls nobody but its provider.
subscribe("undici:request:headers", () => answers++);
setInterval(() => process.send?.({ type: "figures", ...figures() } satisfies WorkerMessage), intervalMs).unref();

await import("../../refresh/processes/child.ts");
