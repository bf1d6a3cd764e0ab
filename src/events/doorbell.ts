/** Tells the processes that a user has new events. It carries user ids only, and may be lost: the stream also polls. */
export interface Doorbell extends AsyncDisposable {
  /** Call it after the commit. Never waits and never throws. */
  ring(userId: string): void;
  onRing(listener: (userId: string) => void): void;
}

/** For a database that only this process uses. */
export function inProcessDoorbell(): Doorbell {
  const listeners: ((userId: string) => void)[] = [];
  return {
    ring: (userId) => {
      for (const listener of listeners) listener(userId);
    },
    onRing: (listener) => void listeners.push(listener),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
