import { documentIdOf } from "../../graphql/documents/document-id.ts";
import { assertJsonBounds, JsonBoundsError, operationJson } from "../../lib/json-bounds.ts";
import { RequestError } from "../request-error.ts";

/** @throws RequestError for JSON that is too deep or has too many values; whatever JSON.parse throws. */
export function parseBounded(text: string): unknown {
  try {
    assertJsonBounds(text, operationJson);
  } catch (error) {
    if (!(error instanceof JsonBoundsError)) throw error;
    const { message, limit } = error;
    throw new RequestError(400, message, { cause: error, code: "JSON_LIMIT_EXCEEDED", extensions: { limit } });
  }
  return JSON.parse(text);
}

/**
 * The parameters of an operation (GraphQL over HTTP, section 5.1) from a body.
 * One that names its document by an id gets an empty `query`, as clients of the WebSocket protocol send it.
 * @throws RequestError for a body that is not a JSON object with a `query` or an id of one.
 */
export function readParameters(body: Buffer): object {
  let parameters: unknown;
  try {
    parameters = parseBounded(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
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
      parseBounded(parameters.get(name) || "null");
    } catch (cause) {
      if (cause instanceof RequestError) throw cause;
      throw new RequestError(400, `The parameter \`${name}\` is not JSON.`, { cause });
    }
  }
}
