import { defineConfig } from "vitest/config";
import { shared, startingProcesses } from "./vitest.shared.ts";

/** Suites that start many processes at once and kill them: one file at a time, when all else is done. */
const crowds = ["test/refresh/processes/**/*.test.ts", "test/events/many-readers.process.test.ts"];

/** What only a process of its own shows: exit codes, signals, real streams, kills, and two servers on one database. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    provide: { startsPrograms: true },
    projects: [
      {
        extends: true,
        test: {
          name: "programs",
          include: startingProcesses,
          exclude: crowds,
          maxWorkers: 2,
          testTimeout: 300_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "crowds",
          include: crowds,
          maxWorkers: 1,
          maxConcurrency: 3,
          testTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
