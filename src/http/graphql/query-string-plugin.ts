import type { GraphQLParams, Plugin } from "graphql-yoga";
import { documentIdOf } from "../../graphql/documents/document-id.ts";

function readJson(text: string | null): Record<string, unknown> | undefined {
  return text === null || text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>);
}

/** The parameters of a GET, whose JSON has been checked; one that names a document by an id has an empty `query`. */
function readQueryString(search: URLSearchParams): GraphQLParams {
  const documentId = search.get("documentId") || undefined;
  const extensions = readJson(search.get("extensions"));
  const hasId = documentIdOf({ documentId, extensions }) !== undefined;
  return {
    query: search.get("query") || (hasId ? "" : undefined),
    documentId,
    operationName: search.get("operationName") || undefined,
    variables: readJson(search.get("variables")),
    extensions,
  } as GraphQLParams;
}

/** Yoga's own reading of a GET leaves out `documentId`. */
export const queryStringPlugin: Plugin = {
  onRequestParse: ({ request, url, setRequestParser }) => {
    if (request.method === "GET") setRequestParser(() => readQueryString(url.searchParams));
  },
};
