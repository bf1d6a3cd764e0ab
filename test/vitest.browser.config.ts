import { defineConfig } from "vitest/config";
import suites from "./vitest.config.ts";

export default defineConfig({
  ...suites,
  test: {
    ...suites.test,
    include: ["test/browser/**/*.test.ts"],
    exclude: [],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
