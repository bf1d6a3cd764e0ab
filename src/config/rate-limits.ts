import {
  type RateLimit,
  type RateLimitName,
  rateLimitNames,
  rateLimits,
  type RateLimitSettings,
} from "../rate-limits/limits.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

const variable = "RATE_LIMITS";
const example = "authentication-ip=1200/300,failed-token-ip=off";
const maxSeconds = 86_400;

function readLimit(reader: EnvironmentReader, name: RateLimitName, value: string): RateLimit | null {
  if (value === "off") return null;
  const [, points, seconds] = /^(\d{1,9})\/(\d{1,5})$/.exec(value) ?? [];
  const limit = { points: Number(points), seconds: Number(seconds) };
  const { cost } = rateLimits[name];
  if (!(limit.points >= cost && limit.seconds >= 1 && limit.seconds <= maxSeconds)) {
    reader.fault(variable, `${name} needs at least ${cost} points, in 1 to ${maxSeconds} seconds, or off.`, example);
  }
  return limit;
}

/** `off`, or what differs from the defaults: `<limit>=<points>/<seconds>` or `<limit>=off`, separated by commas. */
export function readRateLimits(reader: EnvironmentReader): RateLimitSettings {
  const value = reader.text(variable);
  const settings: Record<RateLimitName, RateLimit | null> = { ...rateLimits };
  if (value === null || value === "on") return settings;
  if (value === "off") {
    for (const name of rateLimitNames) settings[name] = null;
    return settings;
  }
  for (const [index, part] of value.split(",").entries()) {
    const [text, ...sides] = part.split("=").map((side) => side.trim());
    const name = rateLimitNames.find((known) => known === text);
    if (name !== undefined) settings[name] = readLimit(reader, name, sides.join("="));
    else reader.fault(variable, `entry ${index + 1} names no limit. Known are ${rateLimitNames.join(", ")}.`, example);
  }
  return settings;
}
