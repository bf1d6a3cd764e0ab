/**
 * The server with the settings of its environment, which watches the delay of its own event loop. On request it tells
 * what it saw since the request before, over the channel of its parent.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createApp } from "../../../src/app/app.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { loadCatalog } from "../../../src/providers/registry.ts";
import { reportPort } from "../report-port.ts";
import { percentile } from "../statistics.ts";
import type { LoopDelay } from "./page-process.ts";

const catalog = await loadCatalog();
const app = await createApp(loadConfig(catalog), { catalog });

/** Milliseconds between two looks; each look that is late by more is a delay. */
const resolution = 1;
const histogram = monitorEventLoopDelay({ resolution });
histogram.enable();

/** Processor milliseconds of this thread between two looks: the same delay as on a machine that does nothing else. */
let turns: number[] = [];
let previous = process.threadCpuUsage();
setInterval(() => {
  const { user, system } = process.threadCpuUsage(previous);
  turns.push((user + system) / 1_000);
  previous = process.threadCpuUsage();
}, resolution);

process.on("message", () => {
  const milliseconds = (nanoseconds: number) => nanoseconds / 1e6 - resolution;
  const delay: LoopDelay = {
    p50: milliseconds(histogram.percentile(50)),
    p99: milliseconds(histogram.percentile(99)),
    busyP99: percentile(Float64Array.from(turns).toSorted(), 0.99),
    busyMax: Math.max(...turns),
  };
  histogram.reset();
  turns = [];
  process.send?.(delay);
});
reportPort(await app.listen(), () => app[Symbol.asyncDispose]());
