import { fileURLToPath } from "node:url";
import type { ViteUserConfig } from "vitest/config";
import { patience } from "./support/patience.ts";

/** Test files that start programs. Their name says it, so that `npm test` stays without them and fast. */
export const startingProcesses = ["test/**/*.process.test.ts", "test/refresh/processes/**/*.test.ts"];

/** Test files that take a minute or so because they leave nothing out. */
export const exhaustive = ["test/**/*.exhaustive.test.ts"];

/** What all tests share. */
export const shared = {
  root: fileURLToPath(new URL("..", import.meta.url)),
  // One copy of graphql: under these conditions src/ and node_modules/ both get graphql/index.mjs.
  ssr: { resolve: { conditions: ["module-sync", "node"] } },
  test: {
    pool: "forks",
    // Files of one worker share their modules, and with them an embedded database that takes seconds to start.
    isolate: false,
    // Some tests start servers with databases of their own, on machines that may be busy.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: patience.timeout } },
    setupFiles: ["test/support/closed-network.ts"],
    globalSetup: ["test/support/global-setup.ts"],
  },
} satisfies ViteUserConfig;
