import { createHash } from "node:crypto";

/** By what a request names its document: the document itself, an id of it, or both. */
export interface DocumentRequest {
  readonly query?: unknown;
  /** GraphQL over HTTP, appendix "Persisted Documents". */
  readonly documentId?: unknown;
  /** `persistedQuery: { sha256Hash }` is what Apollo Client and urql send. */
  readonly extensions?: unknown;
}

/** The id that a request gives, in whatever form; undefined where it gives none. */
export function documentIdOf({ documentId, extensions }: DocumentRequest): unknown {
  if (documentId != null) return documentId;
  const persisted = property(extensions, "persistedQuery");
  // The recipe of graphql-ws sends the id itself.
  return property(persisted, "sha256Hash") ?? (typeof persisted === "string" ? persisted : undefined);
}

/** The id of a document in the form that the appendix gives it. */
export function sha256Id(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? ((value as Record<string, unknown>)[name] ?? undefined)
    : undefined;
}
