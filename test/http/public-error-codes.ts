import { errorCodes } from "../../src/errors/auth-error.ts";

/** Every `extensions.code` that a client may meet, on any transport. */
export const publicErrorCodes: readonly string[] = [
  // About the request.
  "BAD_REQUEST",
  "METHOD_NOT_ALLOWED",
  "NOT_ACCEPTABLE",
  "NOT_FOUND",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "JSON_LIMIT_EXCEEDED",
  "HEADERS_TOO_LARGE",
  "REQUEST_TIMEOUT",
  "TOO_MANY_REQUESTS",
  "MISDIRECTED_REQUEST",
  // About the caller.
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "IDENTITY_PROVIDER_UNAVAILABLE",
  "INSUFFICIENT_USER_AUTHENTICATION",
  // About the operation.
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "BAD_USER_INPUT",
  "CURSOR_INVALID",
  "CURSOR_EXPIRED",
  "TOKEN_LIMIT_EXCEEDED",
  "DEPTH_LIMIT_EXCEEDED",
  "ALIAS_LIMIT_EXCEEDED",
  "ROOT_FIELD_LIMIT_EXCEEDED",
  "DIRECTIVE_LIMIT_EXCEEDED",
  "COST_LIMIT_EXCEEDED",
  "SUBSCRIPTION_COST_LIMIT_EXCEEDED",
  "DOCUMENT_NOT_FOUND",
  "DOCUMENT_NOT_TRUSTED",
  "PERSISTED_QUERY_NOT_SUPPORTED",
  // About what its caller holds open.
  "TOO_MANY_OPERATIONS",
  "TOO_MANY_STREAMS",
  // Refusals where a field has no union to answer with.
  ...errorCodes,
  "DATABASE_BUSY",
  "INTERNAL_SERVER_ERROR",
];
