import {
  connectionLimitNames,
  connectionLimits,
  type ConnectionLimits,
} from "../http/connections/connection-limits.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

const variable = "CONNECTION_LIMITS";
const example = "sockets-per-user=20,streams-per-user=50";
const maxLimit = 1_000_000;

/** Reads what differs from the defaults: `<limit>=<number>`, separated by commas. */
export function readConnectionLimits(reader: EnvironmentReader): ConnectionLimits {
  const limits: Record<keyof ConnectionLimits, number> = { ...connectionLimits };
  for (const [index, part] of (reader.text(variable)?.split(",") ?? []).entries()) {
    const [name = "", ...sides] = part.split("=").map((side) => side.trim());
    const value = sides.join("=");
    const known = Object.entries(connectionLimitNames).find(([known]) => known === name)?.[1];
    const number = Number(value);
    if (known === undefined) {
      const names = Object.keys(connectionLimitNames).join(", ");
      reader.fault(variable, `entry ${index + 1} names no limit. Known are ${names}.`, example);
    } else if (!/^\d{1,7}$/.test(value) || number < 1 || number > maxLimit) {
      reader.fault(variable, `${name} must be a whole number from 1 to ${maxLimit}.`, example);
    } else limits[known] = number;
  }
  return limits;
}
