import type { GraphQLError } from "graphql";
import type { Plugin } from "graphql-yoga";
import { DocumentError } from "../../graphql/documents/document-error.ts";
import { LimitError } from "../../graphql/limits/limit-error.ts";
import type { OperationMetrics } from "../../observability/metrics.ts";

function codeOf(error: GraphQLError | undefined): string {
  const code = error?.extensions["code"];
  return typeof code === "string" ? code : "GRAPHQL_VALIDATION_FAILED";
}

/** Counts the documents that are refused before they run, on every transport. It stands after whatever refuses them. */
export function metricsPlugin(metrics: OperationMetrics): Plugin {
  return {
    onParse:
      () =>
      ({ result }) => {
        if (result instanceof LimitError || result instanceof DocumentError) metrics.documentRefused(result.code);
        else if (result instanceof Error) metrics.documentRefused("GRAPHQL_PARSE_FAILED");
      },
    onValidate:
      () =>
      ({ result }) => {
        if (result.length > 0) metrics.documentRefused(codeOf(result[0] as GraphQLError | undefined));
      },
  };
}
