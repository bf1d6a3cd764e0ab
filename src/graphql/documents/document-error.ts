/** The document of a request is not one that this server runs. The message is safe to show. */
export class DocumentError extends Error {
  readonly code: "DOCUMENT_NOT_FOUND" | "DOCUMENT_NOT_TRUSTED" | "PERSISTED_QUERY_NOT_SUPPORTED";

  constructor(code: DocumentError["code"], message: string) {
    super(message);
    this.name = "DocumentError";
    this.code = code;
  }
}
