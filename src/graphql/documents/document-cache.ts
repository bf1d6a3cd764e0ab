import type { DocumentNode } from "graphql";

/** About what a token weighs in memory, with what the parser makes of it. */
const bytesOfToken = 500;

/** Room for some hundred documents of an application, and for a few dozen of the largest that are allowed. */
const defaultMaxBytes = 16_000_000;

/** Documents that were parsed lately, by their text. It is bounded by what they weigh, not by how many they are. */
export class DocumentCache {
  readonly #maxBytes: number;
  readonly #documents = new Map<string, DocumentNode>();
  #bytes = 0;

  constructor(maxBytes = defaultMaxBytes) {
    this.#maxBytes = maxBytes;
  }

  get(text: string): DocumentNode | undefined {
    const document = this.#documents.get(text);
    if (document === undefined) return undefined;
    // A Map keeps the order of insertion: the first one is the one that was not asked for the longest.
    this.#documents.delete(text);
    this.#documents.set(text, document);
    return document;
  }

  add(text: string, document: DocumentNode): void {
    this.#documents.set(text, document);
    this.#bytes += weigh(text, document);
    for (const [oldText, oldDocument] of this.#documents) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#documents.delete(oldText);
      this.#bytes -= weigh(oldText, oldDocument);
    }
  }
}

function weigh(text: string, { tokenCount = 0 }: DocumentNode): number {
  return 2 * text.length + bytesOfToken * tokenCount;
}
