/**
 * An iterator that can be ended while it waits. A generator alone cannot: its `return` queues behind the wait, so `end`
 * has to end the wait first.
 */
export function endableIterator<T>(generator: AsyncGenerator<T>, end: () => void): AsyncIterableIterator<T> {
  const iterator: AsyncIterableIterator<T> = {
    next: () => generator.next(),
    return: () => {
      end();
      return generator.return(undefined);
    },
    throw: (error) => {
      end();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
