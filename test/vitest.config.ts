import { defineConfig } from "vitest/config";
import { shared } from "./vitest.shared.ts";

/** Suites that start many processes, and watch how long they take: one file at a time, when all else is done. */
const processes = ["test/auth/refresh/processes/**/*.test.ts", "test/events/many-readers.test.ts"];

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text-summary"] },
    projects: [
      {
        extends: true,
        test: {
          name: "suites",
          include: ["test/**/*.test.ts"],
          exclude: ["test/browser/**", "test/package/**", ...processes],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "processes",
          include: processes,
          maxWorkers: 1,
          maxConcurrency: 3,
          testTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
