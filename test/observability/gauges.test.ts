import { expect, test } from "vitest";
import { Metrics } from "../../src/observability/metrics.ts";

test("a gauge shows what there is when somebody looks, and nothing of what there was before", async () => {
  const metrics = new Metrics();
  const open = new Map([
    ["anthropic", 1],
    ["google", 2],
  ]);
  metrics.observe("test_open", "What is open.", ["provider"], () =>
    [...open].map(([provider, value]) => [{ provider }, value] as const),
  );
  const lines = async () => (await metrics.print()).split("\n").filter((line) => line.startsWith("test_open{"));
  expect(await lines()).toEqual(['test_open{provider="anthropic"} 1', 'test_open{provider="google"} 2']);
  open.delete("google");
  open.set("anthropic", 3);
  expect(await lines()).toEqual(['test_open{provider="anthropic"} 3']);
});

test("a refresh that somebody asked for has no lag, and one that came late says so", async () => {
  const metrics = new Metrics();
  const ended = { provider: "anthropic", outcome: "succeeded" };
  metrics.refreshEnded({ ...ended, isLate: false, lag: null });
  metrics.refreshEnded({ ...ended, isLate: true, lag: 7 });
  const text = await metrics.print();
  expect(text).toContain('maestro_refreshes_total{provider="anthropic",outcome="succeeded",late="false"} 1');
  expect(text).toContain('maestro_refreshes_total{provider="anthropic",outcome="succeeded",late="true"} 1');
  expect(text).toContain('maestro_refresh_lag_seconds_count{provider="anthropic"} 1');
  expect(text).toContain('maestro_refresh_lag_seconds_bucket{le="5",provider="anthropic"} 0');
  expect(text).toContain('maestro_refresh_lag_seconds_bucket{le="10",provider="anthropic"} 1');
});
