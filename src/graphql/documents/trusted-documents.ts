import type { DocumentNode } from "graphql";
import { DocumentError } from "./document-error.ts";
import { sha256Id } from "./document-id.ts";

/** What is wrong with a manifest, one line for each document. */
export class ManifestError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "ManifestError";
    this.faults = faults;
  }
}

interface TrustedDocument {
  readonly text: string;
  readonly document: DocumentNode;
}

/** @throws ManifestError for anything but one JSON object of texts. */
function readEntries(json: string): [id: string, text: string][] {
  let manifest: unknown;
  try {
    manifest = JSON.parse(json);
  } catch {
    throw new ManifestError(["it is not JSON"]);
  }
  const isObject = typeof manifest === "object" && manifest !== null && !Array.isArray(manifest);
  const entries = isObject ? Object.entries(manifest as Record<string, unknown>) : [];
  if (!isObject || entries.some(([, text]) => typeof text !== "string")) {
    throw new ManifestError(["it is not one JSON object with a document for each id"]);
  }
  if (entries.length === 0) throw new ManifestError(["it has no documents, and nothing else would run"]);
  return entries as [string, string][];
}

/**
 * The documents of a manifest, as the client preset of GraphQL Code Generator writes it: `{ "sha256:…": "query …" }`.
 */
export class TrustedDocuments {
  readonly #byId = new Map<string, TrustedDocument>();
  readonly #byHash = new Map<string, TrustedDocument>();

  private constructor() {}

  /**
   * @param check parses and validates a document, and throws for what it finds
   * @throws ManifestError with everything that is wrong
   */
  static read(json: string, check: (text: string) => DocumentNode): TrustedDocuments {
    const documents = new TrustedDocuments();
    const faults: string[] = [];
    for (const [id, text] of readEntries(json)) {
      try {
        const trusted = { text, document: check(text) };
        documents.#byId.set(id, trusted);
        documents.#byHash.set(sha256Id(text), trusted);
      } catch (error) {
        faults.push(`${id}: ${(error as Error).message}`);
      }
    }
    if (faults.length > 0) throw new ManifestError(faults);
    return documents;
  }

  get size(): number {
    return this.#byId.size;
  }

  /**
   * The document of a request that gives an id, or a text, or both.
   * @throws DocumentError unless it is in the manifest, letter for letter where a text is given
   */
  get(id: unknown, text: string | null): DocumentNode {
    const byText = text === null ? undefined : this.#byHash.get(sha256Id(text));
    if (text !== null && byText === undefined) {
      throw new DocumentError(
        "DOCUMENT_NOT_TRUSTED",
        "This server runs only the documents of its manifest, and this one is not among them. Send the id of one that is; the operator adds others with TRUSTED_DOCUMENTS.",
      );
    }
    const byId = id === undefined ? undefined : this.#find(id);
    if (id !== undefined && (byId === undefined || (byText !== undefined && byText.text !== byId.text))) {
      throw new DocumentError(
        "DOCUMENT_NOT_FOUND",
        "No document of this server's manifest has this id. The client may be newer than the manifest: the operator adds documents with TRUSTED_DOCUMENTS.",
      );
    }
    const trusted = byText ?? byId;
    if (trusted !== undefined) return trusted.document;
    throw new DocumentError(
      "DOCUMENT_NOT_TRUSTED",
      "This server runs only the documents of its manifest. Send the id of one, as `documentId` or as `extensions.persistedQuery.sha256Hash`.",
    );
  }

  /** By the manifest's own id, or by the document's SHA-256, with or without its prefix. */
  #find(id: unknown): TrustedDocument | undefined {
    if (typeof id !== "string") return undefined;
    return this.#byId.get(id) ?? this.#byHash.get(id) ?? this.#byHash.get(`sha256:${id}`);
  }
}
