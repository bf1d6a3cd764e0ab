import { defineConfig } from "vitest/config";
import { shared } from "./vitest.shared.ts";

/**
 * The package as somebody installs it. It needs npm's registry, so the network is open, and `npm test` leaves it out.
 */
export default defineConfig({
  root: shared.root,
  test: {
    pool: "forks",
    include: ["test/package/**/*.test.ts"],
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
