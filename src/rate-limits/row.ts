import { defineEntity, p } from "@mikro-orm/core";

/**
 * The table `rate_limits`: who has spent how much of which limit. Keys are hashes; rows are worthless after their time.
 */
export const RateLimitEntity = defineEntity({
  name: "RateLimit",
  tableName: "rate_limits",
  indexes: [{ name: "rate_limits_expires_at_index", properties: ["expiresAt"] }],
  properties: {
    key: p.string().length(80).primary(),
    points: p.integer(),
    expiresAt: p.datetime(3),
  },
});
