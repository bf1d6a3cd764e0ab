import { AuthError, type ErrorCode } from "./auth-error.ts";

/** How an operation ended: "succeeded", or the code of what it failed with. */
export type OperationOutcome = "succeeded" | ErrorCode | "INSUFFICIENT_USER_AUTHENTICATION" | "INTERNAL_ERROR";

/** How an error stands in the audit log and in the metrics. */
export function outcomeOf(error: unknown): OperationOutcome {
  if (error instanceof AuthError) return error.code;
  const code = (error as { readonly code?: unknown } | null)?.code;
  return code === "INSUFFICIENT_USER_AUTHENTICATION" ? code : "INTERNAL_ERROR";
}
