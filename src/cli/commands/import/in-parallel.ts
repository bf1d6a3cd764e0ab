/**
 * Does the same with each item as it comes, so many at a time. Rejects with the first failure, once all have stopped.
 * @param signal takes no further item, also from a source that waits for one
 */
export async function inParallel<T>(
  items: AsyncGenerator<T>,
  concurrency: number,
  work: (item: T) => Promise<void>,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const takeAndWork = async () => {
    for (;;) {
      // A generator hands its items to whoever asks, one after the other.
      if (signal.aborted) return;
      const next = await Promise.race([items.next(), stopped]);
      if (next === null || next.done === true) return;
      await work(next.value);
    }
  };
  const runs = await Promise.allSettled(
    Array.from({ length: concurrency }, async () => {
      try {
        await takeAndWork();
      } catch (error) {
        await items.return(undefined);
        throw error;
      }
    }),
  );
  const failed = runs.find((run) => run.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
