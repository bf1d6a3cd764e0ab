import { defineConfig } from "vitest/config";
import { shared, startingProcesses } from "./vitest.shared.ts";

/** Servers as operators have them: each file starts its own PostgreSQL, and what stands before it. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ["test/deployments/**/*.test.ts"],
    exclude: startingProcesses,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
