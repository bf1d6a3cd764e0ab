import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** Of util-linux; elsewhere nothing is pinned. */
const taskset: string = "taskset";

/** The core that one process is measured on. The bench and its provider keep to the others. */
const measuredCore = availableParallelism() - 1;

function hasTaskset(): boolean {
  return measuredCore > 0 && spawnSync(taskset, ["--version"]).status === 0;
}

/** How `fork` starts Node on the measured core. */
export interface PinnedNode {
  readonly execPath: string;
  readonly execArgv: readonly string[];
}

/**
 * Moves this process, and what it starts from now on, off the measured core.
 * @returns how to start Node on that core; null where the system has no `taskset`, or there is one core.
 */
export function reserveCore(): PinnedNode | null {
  if (!hasTaskset()) return null;
  const others = measuredCore === 1 ? "0" : `0-${measuredCore - 1}`;
  spawnSync(taskset, ["-a", "-c", "-p", others, String(process.pid)]);
  return { execPath: taskset, execArgv: ["-c", String(measuredCore), process.execPath] };
}
