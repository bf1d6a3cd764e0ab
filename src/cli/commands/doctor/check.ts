/** What a check has found. `warn` and `fail` come with cause and cure; `skip` says why it was not made. */
export type Finding =
  | { readonly status: "ok" | "skip"; readonly detail: string }
  | { readonly status: "warn" | "fail"; readonly cause: string; readonly cure: string };

/** A finding under the name of its check. */
export type NamedFinding = Finding & { readonly check: string };

export const ok = (detail: string): Finding => ({ status: "ok", detail });
export const skip = (detail: string): Finding => ({ status: "skip", detail });
export const warn = (cause: string, cure: string): Finding => ({ status: "warn", cause, cure });
export const fail = (cause: string, cure: string): Finding => ({ status: "fail", cause, cure });

/** The code that the system, TLS or PostgreSQL gives to a failure, also deep in its causes; else the error's name. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return "unknown";
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code;
  return error.cause === undefined ? error.name : codeOf(error.cause);
}
