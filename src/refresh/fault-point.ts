/**
 * The moments of a refresh at which a process may die. Between "claimed" and "received" lies the call to the provider;
 * "storing": the statement is on its way to the database; "announced": subscribers have been woken.
 */
export const faultPoints = ["claimed", "received", "spooled", "storing", "stored", "announced", "unlinked"] as const;

export type FaultPoint = (typeof faultPoints)[number];

/** Called at each point. A server has one that does nothing; a test may end the process there. */
export type FaultHandler = (point: FaultPoint) => void | Promise<void>;

export const noFaults: FaultHandler = () => {};
