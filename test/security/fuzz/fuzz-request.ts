import fc from "fast-check";
import type { Position, SchemaOperation } from "../schema-operations.ts";
import { hostileDocument } from "./hostile-document.ts";
import { hostileText, hostileValue } from "./hostile-value.ts";

/** Something that is sent to the server, and how. Bytes of a request that no HTTP client would send are `raw`. */
export type FuzzRequest =
  | {
      readonly via: "http" | "sse";
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly user: number;
    }
  | { readonly via: "socket"; readonly payload: unknown; readonly user: number }
  | { readonly via: "frame"; readonly data: string }
  | { readonly via: "raw"; readonly data: string };

/** What is real on the server that is fuzzed, so that some requests get past the doors. */
export interface FuzzGround {
  readonly operations: readonly SchemaOperation[];
  /** Values that exist, by the name of the place where they belong. */
  readonly values: Readonly<Record<string, string>>;
  readonly users: number;
}

interface Payload {
  readonly query: unknown;
  readonly variables?: unknown;
  readonly operationName?: unknown;
  readonly extensions?: unknown;
}

/** One value for each place of an operation: most as they should be, others not. */
function variablesOf(operation: SchemaOperation, { values }: FuzzGround): fc.Arbitrary<unknown> {
  const wellMeant = ({ path, optional }: Position) => values[path.at(-1)!] ?? (optional ? undefined : "text");
  const choices = fc.array(
    fc.tuple(fc.constantFrom("meant", "meant", "text", "any", "none"), hostileText, hostileValue),
    {
      minLength: operation.positions.length,
      maxLength: operation.positions.length,
    },
  );
  const aims = fc.nat({ max: Math.max(0, operation.positions.length - 1) });
  return fc.tuple(choices, aims).map(([chosen, aim]) => {
    const places = new Map(operation.positions.map(({ path }, index) => [path.join(), index]));
    return operation.variables((position) => {
      const [kind, text, any] = chosen[places.get(position.path.join())!]!;
      const value = { meant: wellMeant(position), text, any, none: undefined }[kind];
      return kind === "meant" && position.list && value !== undefined ? [value] : value;
    }, operation.positions[aim]);
  });
}

function payloads(ground: FuzzGround): fc.Arbitrary<Payload> {
  const well = fc.oneof(
    ...ground.operations.map((operation) =>
      variablesOf(operation, ground).map((variables) => ({ query: operation.query, variables })),
    ),
  );
  const wrongVariables = fc.record({
    query: fc.constantFrom(...ground.operations.map(({ query }) => query)),
    variables: fc.oneof(hostileValue, fc.record({ input: hostileValue, id: hostileValue })),
  });
  const hostile = fc.record({ query: hostileDocument(ground.operations) });
  const strange = fc.record(
    {
      query: fc.oneof(fc.constant("{ __typename }"), hostileValue),
      operationName: hostileValue,
      extensions: hostileValue,
    },
    { requiredKeys: ["query"] },
  );
  return fc.oneof(
    { weight: 12, arbitrary: well },
    { weight: 3, arbitrary: wrongVariables },
    { weight: 4, arbitrary: hostile },
    { weight: 1, arbitrary: strange },
  );
}

/** A header's value as node's client lets it through. */
const headerText = hostileText.map((text) => text.replaceAll(/[^\x20-\x7e]/g, "").slice(0, 500));

const headers = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          "accept",
          "content-type",
          "origin",
          "x-on-behalf-of",
          "authorization",
          "accept-encoding",
          "x-request-id",
          "user-agent",
          "x-forwarded-for",
          "cookie",
        ),
        headerText,
      )
      .map(([name, value]) => ({ [name]: value })),
  },
);

const frames = fc.oneof(
  hostileText,
  hostileValue.map((value) => JSON.stringify(value)),
  fc
    .record(
      {
        type: fc.oneof(
          fc.constantFrom(
            "connection_init",
            "subscribe",
            "complete",
            "ping",
            "pong",
            "next",
            "error",
            "connection_ack",
          ),
          hostileText,
        ),
        id: hostileValue,
        payload: hostileValue,
      },
      { requiredKeys: [] },
    )
    .map((message) => JSON.stringify(message)),
);

const raw = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 200 }),
  fc
    .record({
      method: fc.constantFrom("GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT", "PRI", "\0"),
      path: fc.oneof(
        fc.constantFrom(
          "/graphql",
          "/",
          "/health",
          "/ready",
          "/metrics",
          "/auth/anthropic/callback",
          "/auth/x/callback?state=%00&code=%ff",
          "*",
          "//",
          "/%2e%2e/",
        ),
        headerText,
      ),
      version: fc.constantFrom("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", ""),
      lines: fc.array(
        fc.oneof(
          fc.constantFrom(
            "host: localhost",
            "host: a b",
            "content-length: 3",
            "content-length: -1",
            "content-length: 99999999999",
            "transfer-encoding: chunked",
            "transfer-encoding: x",
            "expect: 100-continue",
            "upgrade: websocket",
            "connection: upgrade",
            "sec-websocket-key: x",
            "sec-websocket-version: 13",
            "content-type: application/json",
          ),
          hostileText.map((text) => text.slice(0, 300)),
        ),
        { maxLength: 6 },
      ),
      body: fc.oneof(hostileText, fc.constant("0\r\n\r\n"), fc.constant("{}")),
    })
    .map(
      ({ method, path, version, lines, body }) =>
        `${method} ${path} ${version}\r\n${["host: localhost", ...lines].join("\r\n")}\r\n\r\n${body}`,
    ),
);

/** Every kind of request that somebody who means harm, or knows no better, could send. */
export function fuzzRequest(ground: FuzzGround): fc.Arbitrary<FuzzRequest> {
  const payload = payloads(ground);
  const user = fc.nat({ max: ground.users - 1 });
  const body = fc.oneof(
    { weight: 15, arbitrary: payload.map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: fc.oneof(
        hostileText,
        hostileValue.map((value) => JSON.stringify(value) ?? ""),
      ),
    },
  );
  return fc.oneof(
    { weight: 50, arbitrary: fc.record({ via: fc.constant("http" as const), body, headers, user }) },
    { weight: 12, arbitrary: fc.record({ via: fc.constant("sse" as const), body, headers, user }) },
    { weight: 33, arbitrary: fc.record({ via: fc.constant("socket" as const), payload, user }) },
    { weight: 3, arbitrary: fc.record({ via: fc.constant("frame" as const), data: frames }) },
    { weight: 2, arbitrary: fc.record({ via: fc.constant("raw" as const), data: raw }) },
  );
}
