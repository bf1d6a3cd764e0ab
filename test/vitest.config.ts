import { defineConfig } from "vitest/config";
import { exhaustive, shared, startingProcesses } from "./vitest.shared.ts";

/** What `npm test` runs: all that a test's own process can show, in a few minutes. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text-summary"] },
    include: ["test/**/*.test.ts"],
    exclude: [
      "test/browser/**",
      "test/deployments/**",
      "test/floods/**",
      "test/package/**",
      ...startingProcesses,
      ...exhaustive,
    ],
    maxWorkers: 2,
  },
});
