import { publicErrorCodes } from "../../http/public-error-codes.ts";

/** What became of one request: a word for the counts, and what is wrong with it; null where nothing is. */
export interface Outcome {
  readonly kind: string;
  readonly complaint: string | null;
}

/** Words that only the inside of the server has: of stacks, files, classes, drivers and statements. */
const insides: readonly RegExp[] = [
  /\bat (?:async )?[\w.<>]+ \((?:file|node|\/)/,
  /node_modules|node:internal|\.ts:\d+/,
  /\b(?:TypeError|RangeError|ReferenceError|SyntaxError|AggregateError|ZodError|GraphQLError|DriverException)\b/,
  /\b(?:PGlite|MikroORM|Kysely|pg_catalog|Pothos|undici|ECONN[A-Z]+|ERR_[A-Z_]+)\b/,
  /\b(?:insert into|delete from|update "|select .{1,80} from) /i,
  /Cannot read propert|\w is not (?:a function|iterable|defined)\b|Unexpected token .* in JSON/,
  /Something went wrong in the server/,
];

const statuses = new Set([200, 204, 400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 422, 429, 431, 503]);

/** Close codes that are the client's fault, or nobody's (graphql-ws PROTOCOL.md; RFC 6455, section 7.4.1). */
const closeCodes = new Set([1000, 1002, 1003, 1005, 1006, 1007, 1009, 4400, 4401, 4403, 4406, 4408, 4409, 4429]);

interface PublicError {
  readonly message?: unknown;
  readonly extensions?: { readonly code?: unknown };
}

function codesIn(errors: readonly PublicError[]): string[] {
  return errors.map(({ extensions }) => String(extensions?.code));
}

function complaintAboutErrors(errors: readonly PublicError[]): string | null {
  for (const code of codesIn(errors)) {
    if (code === "INTERNAL_SERVER_ERROR" || !publicErrorCodes.includes(code)) return `an error has the code ${code}`;
  }
  return null;
}

/** What is wrong with a text that a client can see. */
function complaintAboutText(text: string): string | null {
  const found = insides.find((inside) => inside.test(text));
  return found === undefined ? null : `it shows something of the inside: ${found.source}`;
}

function complaintAboutResult(result: unknown): {
  readonly codes: readonly string[];
  readonly complaint: string | null;
} {
  if (typeof result !== "object" || result === null) return { codes: [], complaint: "it is no result of GraphQL" };
  const { data, errors } = result as { data?: unknown; errors?: readonly PublicError[] };
  if (data === undefined && errors === undefined) return { codes: [], complaint: "it has neither data nor errors" };
  return { codes: codesIn(errors ?? []), complaint: complaintAboutErrors(errors ?? []) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An answer over HTTP with JSON in it, or events. */
export function judgeHttp(status: number, contentType: string, body: string): Outcome {
  const inside = complaintAboutText(body);
  if (!statuses.has(status) || inside !== null)
    return { kind: `http ${status}`, complaint: inside ?? `status ${status}` };
  if (body === "") return { kind: `http ${status}, empty`, complaint: null };
  const isStream = contentType.startsWith("text/event-stream");
  const texts = isStream ? Array.from(body.matchAll(/^data: (\{.*)$/gm), ([, json]) => json!) : [body];
  const results = texts.map((text) => complaintAboutResult(parse(text)));
  const code = results.flatMap(({ codes }) => codes)[0] ?? "data";
  const complaint = results.find(({ complaint: found }) => found !== null)?.complaint ?? null;
  return { kind: `${isStream ? "sse" : "http"} ${status}, ${texts.length === 0 ? "silent" : code}`, complaint };
}

/** The messages for one operation on a WebSocket. */
export function judgeMessages(messages: readonly { readonly type: string; readonly payload?: unknown }[]): Outcome {
  const inside = complaintAboutText(JSON.stringify(messages));
  if (inside !== null) return { kind: "socket", complaint: inside };
  const results = messages.flatMap(({ type, payload }) => {
    if (type === "next") return [complaintAboutResult(payload)];
    return type === "error" ? [complaintAboutResult({ errors: payload })] : [];
  });
  const code = results.flatMap(({ codes }) => codes)[0];
  const complaint = results.find(({ complaint: found }) => found !== null)?.complaint ?? null;
  return { kind: `socket, ${code ?? (results.length === 0 ? "silent" : "data")}`, complaint };
}

export function judgeClose(code: number, reason: string): Outcome {
  const complaint = closeCodes.has(code) ? complaintAboutText(reason) : `it was closed with ${code}`;
  return { kind: `socket closed, ${code}`, complaint };
}

/** What `node:http` says by itself, and the pages for people, whose `Host` must be one of this server's (421). */
const rawStatuses = new Set([...statuses, 100, 101, 302, 417, 421, 426]);

/** What came back for bytes that may be no HTTP. */
export function judgeRaw(answer: string): Outcome {
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? [];
  const isFine = answer === "" || (status !== undefined && rawStatuses.has(Number(status)));
  return {
    kind: `raw ${status ?? "closed"}`,
    complaint: complaintAboutText(answer) ?? (isFine ? null : `the answer is ${answer.slice(0, 200)}`),
  };
}
