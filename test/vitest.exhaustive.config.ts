import { defineConfig } from "vitest/config";
import { exhaustive, shared } from "./vitest.shared.ts";

/** Suites that try everything at every place: each secret in each answer, each operation with each of another's ids. */
export default defineConfig({ ...shared, test: { ...shared.test, include: exhaustive, maxWorkers: 2 } });
