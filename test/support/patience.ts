/** For `vi.waitFor`, whose own second is too short for a busy machine: milliseconds. `expect.poll` has the same. */
export const patience = { timeout: 60_000, interval: 50 };
