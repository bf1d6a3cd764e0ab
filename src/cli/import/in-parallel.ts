/** Does the same with each item as it comes, so many at a time. Rejects with the first failure, once all have stopped. */
export async function inParallel<T>(
  items: AsyncGenerator<T>,
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const takeAndWork = async () => {
    for (;;) {
      // A generator hands its items to whoever asks, one after the other.
      const next = await items.next();
      if (next.done === true) return;
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
