import { Subscriber } from "./subscriber.ts";

/** As many as one user may have. */
export const socketsPerUser = 5;
/** Sockets that are being opened at the same time. */
const concurrency = 50;

/** Whose the n-th subscriber is. */
export const userOf = (index: number) => `user-${Math.floor(index / socketsPerUser)}`;

/** Brings the number of subscribers up to `count`. */
export async function connectUpTo(
  count: number,
  origin: string,
  subscribers: Subscriber[],
  signal: AbortSignal,
): Promise<void> {
  const openSome = async () => {
    while (next < count && !signal.aborted) {
      const index = next++;
      subscribers[index] = await Subscriber.connect(origin, userOf(index));
    }
  };
  let next = subscribers.length;
  await Promise.all(Array.from({ length: concurrency }, openSome));
  signal.throwIfAborted();
}

/** Whose events a figure needs. */
interface Emitter {
  emit(userId: string): Promise<number>;
}

/** Sends an event to a random user. @returns milliseconds from the commit (or the first send) to each of its sockets */
export async function fanOutOnce(server: Emitter, subscribers: readonly Subscriber[]): Promise<number[]> {
  const first = Math.floor(Math.random() * (subscribers.length / socketsPerUser)) * socketsPerUser;
  const arrivals = Promise.all(subscribers.slice(first, first + socketsPerUser).map((one) => one.next()));
  const sentAt = await server.emit(userOf(first));
  return (await arrivals).map((arrivedAt) => arrivedAt - sentAt);
}
