import type { IncomingMessage } from "node:http";
import { documentIdOf } from "../graphql/documents/document-id.ts";
import { RequestError } from "./request-error.ts";

/** Reads a whole body, and keeps no more than `limit` bytes of it. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new RequestError(413, `A request may have at most ${limit} bytes.`);
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // A loop that is left early would destroy the request, and with it the connection that the refusal takes.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}

/**
 * The parameters of an operation (GraphQL over HTTP, section 5.1) from a body of at most `limit` bytes.
 * One that names its document by an id gets an empty `query`, as clients of the WebSocket protocol send it.
 * @throws RequestError for a body that is too large, or is not a JSON object with a `query` or an id of one.
 */
export async function readParameters(request: IncomingMessage, limit: number): Promise<object> {
  const body = await readBody(request, limit);
  let parameters: unknown;
  try {
    parameters = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new RequestError(400, "The body is not JSON in UTF-8.", { cause });
  }
  if (typeof parameters === "object" && parameters !== null) {
    if ("query" in parameters) return parameters;
    if (documentIdOf(parameters) !== undefined) return { ...parameters, query: "" };
  }
  throw new RequestError(400, "The body must be one JSON object with a `query`, or the id of a trusted document.");
}

/**
 * Checks the parameters of a GET, which Yoga reads itself: of JSON that it cannot parse it would log a part.
 * @throws RequestError
 */
export function checkQueryString(url: string): void {
  const parameters = new URLSearchParams(url.split("?", 2)[1]);
  for (const name of ["variables", "extensions"]) {
    try {
      JSON.parse(parameters.get(name) || "null");
    } catch (cause) {
      throw new RequestError(400, `The parameter \`${name}\` is not JSON.`, { cause });
    }
  }
}
