import type { Config } from "../../config.ts";
import { redisLine } from "../../events/redis-doorbell.ts";
import { codeOf, fail, type Finding, ok, skip } from "./check.ts";

/** Whether Redis takes a connection as the server makes it, subscribed to the channel of events. */
export async function checkEvents({ eventsUrl }: Pick<Config, "eventsUrl">): Promise<Finding> {
  if (eventsUrl === null) return skip("EVENTS_URL is not set: events go by PostgreSQL, or within the process");
  const { host } = new URL(eventsUrl.reveal());
  try {
    const line = await redisLine(eventsUrl.reveal())(() => {});
    await line.close();
    return ok(`Redis at ${host} answers`);
  } catch (error) {
    return fail(
      `Redis at ${host} does not take a subscriber (${codeOf(error)}).`,
      "Start it (version 6 or later), or correct EVENTS_URL; until then events arrive within a second, by polling.",
    );
  }
}
