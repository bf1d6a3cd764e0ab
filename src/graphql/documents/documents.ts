import { type DocumentNode, GraphQLError, parse } from "graphql";
import type { DocumentLimits } from "../limits/document-limits.ts";
import { assertShape } from "../limits/document-shape.ts";
import { LimitError } from "../limits/limit-error.ts";
import { DocumentCache } from "./document-cache.ts";
import { DocumentError } from "./document-error.ts";
import { documentIdOf, type DocumentRequest } from "./document-id.ts";
import type { TrustedDocuments } from "./trusted-documents.ts";

/**
 * Parses a document, as far as it may be parsed: what follows costs more than a text of its length should.
 * @throws GraphQLError for the syntax, LimitError for the size or the shape
 */
export function parseWithin(text: string, limits: DocumentLimits): DocumentNode {
  const document = parseTokens(text, limits.tokens);
  assertShape(document, limits);
  return document;
}

function parseTokens(text: string, limit: number): DocumentNode {
  try {
    return parse(text, { maxLexicalTokens: limit, maxComments: limit });
  } catch (error) {
    const [, kind] = /^Syntax Error: Document contains more than \d+ (tokens|comments)\./.exec(String(error)) ?? [];
    if (!(error instanceof GraphQLError) || kind === undefined) throw error;
    const message = `The document has more than ${limit} ${kind}, which is the limit. Send several smaller ones.`;
    throw new LimitError("tokens", message, { limit, requested: null });
  }
}

/** Finds the document of each operation, on whatever transport it came: by its text, or by an id of a trusted one. */
export class Documents {
  readonly #limits: DocumentLimits;
  readonly #trusted: TrustedDocuments | null;
  readonly #cache = new DocumentCache();
  readonly #errors = new WeakMap<DocumentNode, readonly GraphQLError[]>();

  constructor(limits: DocumentLimits, trusted: TrustedDocuments | null) {
    this.#limits = limits;
    this.#trusted = trusted;
  }

  /** @throws LimitError, DocumentError, or GraphQLError for the syntax */
  find(request: DocumentRequest): DocumentNode {
    const id = documentIdOf(request);
    // Clients that name a document by its id may have to send a text all the same, and send an empty one.
    const text = typeof request.query === "string" && request.query !== "" ? request.query : null;
    if (this.#trusted !== null) return this.#trusted.get(id, text);
    if (text !== null || id === undefined) return this.#parse(text ?? "");
    throw new DocumentError(
      "PERSISTED_QUERY_NOT_SUPPORTED",
      "This server has no manifest of documents. Send the document itself as `query`.",
    );
  }

  /** What validation found before; undefined for a document that is new. */
  errorsOf(document: DocumentNode): readonly GraphQLError[] | undefined {
    return this.#errors.get(document);
  }

  keepErrors(document: DocumentNode, errors: readonly GraphQLError[]): void {
    this.#errors.set(document, errors);
  }

  #parse(text: string): DocumentNode {
    const known = this.#cache.get(text);
    if (known !== undefined) return known;
    const document = parseWithin(text, this.#limits);
    this.#cache.add(text, document);
    return document;
  }
}
