import { expect, test } from "vitest";
import { ExposedMemoryError, keepMemoryClosed } from "../../src/observability/memory-exposure.ts";

test.each([
  [["--inspect"], ""],
  [["--inspect=0.0.0.0:9229"], ""],
  [["--heapsnapshot_signal=SIGUSR2"], ""],
  [["--report_on_fatalerror"], ""],
  [["--abort-on-uncaught-exception"], ""],
  [[], "--max-old-space-size=100 --heap_prof"],
  [[], '"--inspect-brk"'],
  [[], "--report-uncaught-exception"],
])("%j and NODE_OPTIONS=%s would show memory, in whatever way they are written", (execArgv, nodeOptions) => {
  const before = process.listenerCount("SIGUSR1");
  expect(() => keepMemoryClosed({ execArgv, nodeOptions }, () => {})).toThrow(ExposedMemoryError);
  expect(process.listenerCount("SIGUSR1")).toBe(before);
});
