import { setTimeout as delay } from "node:timers/promises";
import type { RefreshStage } from "../../refresh/processes/refresh-stage.ts";

const withinMs = 120_000;

/**
 * What `RefreshStage.heal` does, without vitest, which waits only in a test: takes up what ended processes have left,
 * as if their leases were over. None may run any more. @throws Error where a refresh is never finished.
 */
export async function heal(stage: RefreshStage): Promise<void> {
  const em = stage.database.em();
  const [now] = await em.execute<{ text: string }[]>("select (now() + interval '10 milliseconds')::text as text");
  await stage.passLeases();
  await using healer = await stage.start();
  const deadline = performance.now() + withinMs;
  const countLeft = async () =>
    (await em.execute<unknown[]>("select 1 from provider_credentials where sent_at < ?::timestamptz", [now!.text]))
      .length;
  for (let left = await countLeft(); left > 0; left = await countLeft()) {
    if (performance.now() > deadline) throw new Error(`of ${left} credentials nobody knows what became of them`);
    await delay(50);
  }
  await healer.stop();
}
