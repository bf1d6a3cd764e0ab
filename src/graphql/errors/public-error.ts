import { randomUUID } from "node:crypto";
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  Kind,
  visit,
} from "graphql";
import { CallerError } from "../../callers/caller.ts";
import { InsufficientAuthenticationError } from "../../callers/step-up.ts";
import { AuthError, RateLimitedError, ValidationError } from "../../errors/auth-error.ts";
import { CursorError } from "../../events/cursor.ts";
import type { Logger } from "../../observability/logger.ts";
import { DocumentError } from "../documents/document-error.ts";
import { DatabaseBusyError, isLockTimeout } from "../limits/database-busy.ts";
import { LimitError } from "../limits/limit-error.ts";
import { TooManyOperationsError } from "../limits/too-many-operations.ts";
import { withoutSuggestions, withoutValues } from "./public-message.ts";

/** Shorter than any provider's key. */
const maxShownNameLength = 30;

/** Every name that the schema itself makes public. */
function schemaNames(schema: GraphQLSchema): Set<string> {
  const names = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    names.add(type.name);
    if (isEnumType(type)) for (const value of type.getValues()) names.add(value.name);
    if (isInputObjectType(type)) for (const name of Object.keys(type.getFields())) names.add(name);
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        names.add(field.name);
        for (const argument of field.args) names.add(argument.name);
      }
    }
  }
  for (const directive of schema.getDirectives()) {
    names.add(directive.name);
    for (const argument of directive.args) names.add(argument.name);
  }
  return names;
}

/**
 * The names that a document gives to what it selects and defines. Beside an input's value may stand a secret; a value
 * of an enum is no name in the document.
 */
function documentNames(document: DocumentNode): Set<string> {
  const inputs: ReadonlySet<string> = new Set([Kind.OBJECT_FIELD, Kind.ARGUMENT]);
  const names = new Set<string>();
  visit(document, {
    Name: (node, _key, parent) => {
      const isInput = parent !== undefined && "kind" in parent && inputs.has(parent.kind);
      if (!isInput && node.value.length <= maxShownNameLength) names.add(node.value);
    },
  });
  return names;
}

/** The variables that an error is about. */
function variableNames({ nodes = [] }: GraphQLError): Set<string> {
  const names = nodes.map((node) => (node.kind === Kind.VARIABLE_DEFINITION ? node.variable.name.value : ""));
  return new Set(names.filter((name) => name.length <= maxShownNameLength));
}

/** Which variable an error of coercion is about, and where in it; the executor prints the value between the two. */
function variablePlace(error: GraphQLError, original: GraphQLError, isPublic: (name: string) => boolean): string {
  const [, variable] = /^Variable "\$(\w+)" got/.exec(error.message) ?? [];
  if (error === original || variable === undefined || !isPublic(variable)) return "";
  const before = error.message.slice(0, -`; ${original.message}`.length);
  const [, place = ""] = / at "\w+([\w.[\]]{1,200})"$/.exec(before) ?? [];
  const isKnown = place.split(/[.[\]]+/).every((name) => name === "" || /^\d+$/.test(name) || isPublic(name));
  return `Variable "$${variable}" is not valid${place !== "" && isKnown ? ` at ${place}` : ""}: `;
}

/** Turns whatever was thrown into what a client may see: a code of a closed list and a message without secrets. */
export class PublicErrors {
  readonly #schemaNames: ReadonlySet<string>;
  readonly #log: Logger;

  constructor(schema: GraphQLSchema, log: Logger) {
    this.#schemaNames = schemaNames(schema);
    this.#log = log;
  }

  /** For errors of parsing, of coercing variables, and of resolvers. */
  toPublic(error: unknown): GraphQLError {
    const original = asRefusal(rootCause(error));
    if (isRefusal(original)) {
      return copy(error, publicMessage(original), original.code, furtherExtensions(original));
    }
    if (isClientFault(error, original)) return this.#fromClientFault(error as GraphQLError, original);
    const requestId = randomUUID();
    this.#log.tell("operation.failed", { requestId, err: original });
    const message = `Something went wrong in the server. As far as it knows, nothing was lost; try again. The log has details under ${requestId}.`;
    return copy(error, message, "INTERNAL_SERVER_ERROR", { requestId });
  }

  /** For an error of validating a document. */
  fromValidation(error: GraphQLError, document: DocumentNode): GraphQLError {
    const names = documentNames(document);
    const message = withoutValues(error.message, (name) => this.#schemaNames.has(name) || names.has(name));
    return copy(error, message, "GRAPHQL_VALIDATION_FAILED", requestFault);
  }

  #fromClientFault(error: GraphQLError, original: GraphQLError): GraphQLError {
    const given = original.extensions["code"];
    const isSyntax = original.message.startsWith("Syntax Error");
    const code =
      typeof given === "string" && yogaCodes.has(given) ? given : isSyntax ? "GRAPHQL_PARSE_FAILED" : "BAD_USER_INPUT";
    const variables = variableNames(error);
    const isPublic = (name: string) => this.#schemaNames.has(name) || variables.has(name);
    const message = variablePlace(error, original, isPublic) + withoutValues(original.message, isPublic);
    // Of Yoga's extensions only the status is kept: others repeat the request.
    const { http } = original.extensions;
    return copy(error, message, code, http === undefined ? requestFault : { http });
  }
}

/** A copy that proposes no names of the schema. */
export function hideSuggestions(error: GraphQLError): GraphQLError {
  return copy(error, withoutSuggestions(error.message), String(error.extensions["code"]), error.extensions);
}

/**
 * While a field is resolved, only its arguments can be the client's fault; all else that GraphQL says there is ours.
 */
function isClientFault(error: unknown, original: unknown): original is GraphQLError {
  if (!(error instanceof GraphQLError && original instanceof GraphQLError)) return false;
  return error.path === undefined || original.message.startsWith("Argument ");
}

/**
 * 400 for clients that accept `application/graphql-response+json`; 200 for the others (GraphQL over HTTP, section 6.4).
 */
const requestFault = { http: { spec: true, status: 400 } };

/** RFC 9470, section 3. What it needs stands in the answer too, for clients that see no headers. */
function stepUpExtensions({ message, requirement }: InsufficientAuthenticationError) {
  const { maxAge, acrValues, amrValues } = requirement;
  const challenge = [
    'Bearer realm="maestro-auth"',
    'error="insufficient_user_authentication"',
    `error_description="${message}"`,
    ...(maxAge === null ? [] : [`max_age=${maxAge}`]),
    ...(acrValues.length === 0 ? [] : [`acr_values="${acrValues.join(" ")}"`]),
  ];
  const headers = { "www-authenticate": challenge.join(", ") };
  return { maxAge, acrValues, amrValues, http: { status: 401, headers } };
}

const refusals = [
  AuthError,
  CallerError,
  CursorError,
  DatabaseBusyError,
  DocumentError,
  LimitError,
  TooManyOperationsError,
] as const;

type Refusal = InstanceType<(typeof refusals)[number]>;

/** What has a name for clients, though it comes from the database. */
function asRefusal(error: unknown): unknown {
  return isLockTimeout(error) && !isRefusal(error) ? new DatabaseBusyError(error) : error;
}

/** Whether an error was made to be told. */
function isRefusal(error: unknown): error is Refusal {
  return refusals.some((refusal) => error instanceof refusal);
}

/** Where a field has no union to answer with, the message is all that many clients show. */
function publicMessage(error: Refusal): string {
  if (!(error instanceof ValidationError)) return error.message;
  const faults = error.issues.map(({ path, message }) => [path.join("."), message].join(" ").trim());
  return `The input is not valid: ${faults.join("; ")}.`;
}

function furtherExtensions(error: Refusal): Readonly<Record<string, unknown>> {
  if (error instanceof InsufficientAuthenticationError) return stepUpExtensions(error);
  if (error instanceof TooManyOperationsError) {
    const { limit, retryAfter } = error;
    return { limit, retryAfter, http: { status: 429, headers: { "retry-after": String(retryAfter) } } };
  }
  if (error instanceof DatabaseBusyError) {
    const { retryAfter } = error;
    return { retryAfter, http: { status: 503, headers: { "retry-after": String(retryAfter) } } };
  }
  if (error instanceof RateLimitedError) return { retryAfter: error.retryAfter };
  if (error instanceof ValidationError) return { issues: error.issues };
  if (error instanceof DocumentError) return requestFault;
  if (error instanceof LimitError) return { ...requestFault, limit: error.limit, requested: error.requested };
  return {};
}

/** Codes that Yoga itself gives. */
const yogaCodes = new Set([
  "BAD_REQUEST",
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
]);

function rootCause(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError != null) cause = cause.originalError;
  return cause;
}

function copy(
  error: unknown,
  message: string,
  code: string,
  extensions: Readonly<Record<string, unknown>> = {},
): GraphQLError {
  const source = error instanceof GraphQLError ? error : null;
  return new GraphQLError(message, {
    ...(source?.nodes == null ? {} : { nodes: source.nodes }),
    ...(source?.source == null ? {} : { source: source.source }),
    ...(source?.positions == null ? {} : { positions: source.positions }),
    ...(source?.path == null ? {} : { path: source.path }),
    extensions: { ...extensions, code },
  });
}
