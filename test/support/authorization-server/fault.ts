import type { Fault } from "../mock-provider/fault.ts";

/** A way to fail after the work is done. */
export type LateFault =
  /** The connection is cut instead of answering: the caller cannot know that it was done. */
  | { readonly kind: "lost" }
  /** The right answer inside a page for people, where no program can read it. */
  | { readonly kind: "in-a-page" }
  /** An error, with status 200. */
  | { readonly kind: "error-with-200" };

export type AuthorizationFault = Exclude<Fault, { kind: "slow" }> | LateFault;

export function isLate(fault: AuthorizationFault): fault is LateFault {
  return fault.kind === "lost" || fault.kind === "in-a-page" || fault.kind === "error-with-200";
}
