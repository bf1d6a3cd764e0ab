/** Another transaction holds what the operation needs, and has not let go of it in time. `retryAfter` is in seconds. */
export class DatabaseBusyError extends Error {
  readonly code = "DATABASE_BUSY";
  readonly retryAfter = 1;

  constructor(cause: unknown) {
    super("The database is busy: something else is changing what this operation needs. Send it again in a second.", {
      cause,
    });
    this.name = "DatabaseBusyError";
  }
}

/** Whether a statement waited for a lock as long as it may: lock_not_available (DATABASE_LOCK_TIMEOUT). */
export function isLockTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error as { code?: unknown }).code === "55P03" || isLockTimeout(error.cause);
}
