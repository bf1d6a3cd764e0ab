import { quotaNames, quotas, type QuotaSettings, usualOperations } from "../callers/quota.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

const most = 1_000_000;

/** `QUOTA_…`: what one user may keep. */
export function readQuotas(reader: EnvironmentReader): QuotaSettings {
  const read = quotaNames.map((name) => {
    const { variable, limit } = quotas[name];
    return [name, reader.integer(variable, limit, 1, most)] as const;
  });
  return Object.fromEntries(read) as Record<(typeof quotaNames)[number], number>;
}

/** `QUOTA_OPERATIONS`: how many operations of one user a process executes at the same moment. */
export function readOperationQuota(reader: EnvironmentReader): number {
  return reader.integer("QUOTA_OPERATIONS", usualOperations, 1, most);
}
