import { defineConfig } from "vitest/config";
import { shared } from "./vitest.shared.ts";

/** Floods of a started server, which need the machine for themselves: `npm test` leaves them out. */
export default defineConfig({
  ...shared,
  test: { ...shared.test, provide: { startsPrograms: true }, include: ["test/floods/**/*.test.ts"], maxWorkers: 1 },
});
