import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** What the suites of test/ and the browser tests share. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  // One copy of graphql: under these conditions src/ and node_modules/ both get graphql/index.mjs.
  ssr: { resolve: { conditions: ["module-sync", "node"] } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**"],
    pool: "forks",
    maxWorkers: 2,
    // Files of one worker share their modules, and with them an embedded database that takes seconds to start.
    isolate: false,
    // Some tests start servers with databases of their own, on machines that may be busy.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    setupFiles: ["test/support/closed-network.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text-summary"] },
  },
});
