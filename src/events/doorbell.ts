import type { StreamEvent } from "./event.ts";

/** @param committed what has just been committed, where that was done in this process; else nothing */
export type RingListener = (userId: string, committed: readonly StreamEvent[]) => void;

/** The history of the database that rings are about. */
export interface RungTimeline {
  readonly id: string;
  /** Resolves once `id` is what the database says now. */
  look(): Promise<void>;
}

/**
 * Tells that a user has new events. Between processes it carries user ids only, and may be lost: the stream also polls.
 * Within a process it may bring the events themselves.
 */
export interface Doorbell extends AsyncDisposable {
  /** Call it after the commit, with all events of the transaction or with none. Never waits and never throws. */
  ring(userId: string, committed?: readonly StreamEvent[]): void;
  onRing(listener: RingListener): void;
  /**
   * From now on says with each ring what timeline it belongs to, and passes on none of another's.
   * @param onStranger called for each message that is not passed on
   */
  follow?(timeline: RungTimeline, onStranger: () => void): void;
}

/** For a database that only this process uses. */
export function inProcessDoorbell(): Doorbell {
  const listeners: RingListener[] = [];
  return {
    ring: (userId, committed = []) => {
      for (const listener of listeners) listener(userId, committed);
    },
    onRing: (listener) => void listeners.push(listener),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
