import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import open from "open";

/** How long a launcher may take to say that it found no browser, in milliseconds; one that found some may stay. */
const launcherDeadlineMs = 3_000;

/** Opens an address in the system's browser. @returns whether there seems to be one. */
export async function openBrowser(url: string): Promise<boolean> {
  try {
    const launcher = await open(url);
    const ended = once(launcher, "exit") as Promise<[number | null]>;
    const [code] = await Promise.race([ended, delay(launcherDeadlineMs, [0] as const, { ref: false })]);
    return code === 0;
  } catch {
    return false;
  }
}
