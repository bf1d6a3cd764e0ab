import { defineConfig } from "vitest/config";
import { shared } from "./vitest.shared.ts";

export default defineConfig({
  ...shared,
  test: { ...shared.test, include: ["test/browser/**/*.test.ts"], maxWorkers: 2, hookTimeout: 120_000 },
});
