import type { EnvironmentReader } from "./environment-reader.ts";

const variable = "CORS_ALLOWED_HEADERS";

/** Without these no operation can be sent. */
const apiHeaders = ["authorization", "content-type", "x-on-behalf-of"];

/** What tracing, error reporting and GraphQL clients in browsers add to requests by themselves. */
const usualHeaders = [
  // W3C Trace Context and Baggage.
  "traceparent",
  "tracestate",
  "baggage",
  "x-request-id",
  "x-correlation-id",
  "sentry-trace",
  // https://docs.datadoghq.com/real_user_monitoring/correlate_with_other_telemetry/apm/
  "x-datadog-trace-id",
  "x-datadog-parent-id",
  "x-datadog-origin",
  "x-datadog-sampling-priority",
  // https://github.com/openzipkin/b3-propagation
  "b3",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-flags",
  "apollographql-client-name",
  "apollographql-client-version",
  "apollo-require-preflight",
  "x-apollo-operation-name",
  "x-apollo-operation-id",
  "x-requested-with",
  // EventSource polyfills.
  "cache-control",
  "last-event-id",
];

/** A field name (RFC 9110, section 5.6.2). */
const fieldName = /^[\w!#$%&'*+.^`|~-]{1,64}$/;

/** The header fields that browsers may send here from other origins; the variable replaces the usual ones. */
export function readCorsHeaders(reader: EnvironmentReader): string[] {
  const value = reader.text(variable);
  if (value === null) return [...apiHeaders, ...usualHeaders];
  const names = value.split(",").map((name) => name.trim().toLowerCase());
  // `*` would be a name of its own to the browser, since requests carry `authorization` (Fetch standard, "CORS
  // protocol").
  if (names.some((name) => !fieldName.test(name) || name === "*")) {
    const problem = "expected names of header fields, separated by commas; a * is not possible beside authorization.";
    reader.fault(variable, problem, "traceparent,tracestate,x-request-id");
  }
  return [...new Set([...apiHeaders, ...names])];
}
