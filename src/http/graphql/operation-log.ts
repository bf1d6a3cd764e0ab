import { randomUUID } from "node:crypto";
import { type DocumentNode, getOperationAST, type GraphQLError } from "graphql";
import { isAsyncIterable, type Plugin } from "graphql-yoga";
import type { Caller } from "../../callers/caller.ts";
import type { LoggedRequests, Logger } from "../../observability/logger.ts";

/** Shorter than any provider's key: a client may put anything in the place of a name. */
const maxNameLength = 30;
/** Names and codes of one line at most. */
const maxListed = 20;

interface Result {
  readonly errors?: readonly GraphQLError[] | undefined;
}

/** One operation, from its arrival to its line in the log. Nothing of its variables, documents or answers is kept. */
export class OperationRecord {
  readonly #tell: (record: OperationRecord, status: number | null, transport: string) => void;
  readonly caller: Caller | null;
  readonly startedAt = performance.now();
  readonly fields = new Set<string>();
  readonly codes = new Set<string>();
  requestId: string = randomUUID();
  type: string | null = null;
  name: string | null = null;
  events = 0;
  #isOver = false;

  constructor(
    caller: Caller | null,
    tell: (record: OperationRecord, status: number | null, transport: string) => void,
  ) {
    this.caller = caller;
    this.#tell = tell;
  }

  /** Notes which operation of a document is meant. */
  describe(document: DocumentNode, operationName: unknown): void {
    const operation = getOperationAST(document, typeof operationName === "string" ? operationName : null);
    if (operation == null) return;
    const name = operation.name?.value ?? null;
    this.type = operation.operation;
    this.name = name !== null && name.length <= maxNameLength ? name : null;
  }

  /** A root field of the schema has answered; `code` is "OK", or why not. */
  answered(field: string, code: string): void {
    if (this.fields.size < maxListed) this.fields.add(field);
    if (code !== "OK") this.failed(code);
  }

  failed(code: string): void {
    if (this.codes.size < maxListed) this.codes.add(code);
  }

  delivered({ errors = [] }: Result): void {
    this.events += 1;
    for (const { extensions } of errors) {
      this.failed(String(extensions["code"]));
      // The same id as in the line that tells what went wrong.
      if (typeof extensions["requestId"] === "string") this.requestId = extensions["requestId"];
    }
  }

  /** @param status of the response; null over a WebSocket, and where the client left before there was one */
  end(status: number | null, transport: "http" | "sse" | "websocket"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tell(this, status, transport);
  }
}

/** Writes a line for each operation of `POST /graphql` and of WebSockets, or only for those that failed. */
export class OperationLog {
  readonly #log: Logger;
  readonly #failedOnly: boolean;

  constructor(log: Logger, requests: Exclude<LoggedRequests, "off">) {
    this.#log = log;
    this.#failedOnly = requests === "errors";
  }

  begin(caller: Caller | null): OperationRecord {
    return new OperationRecord(caller, (...ended) => this.#tell(...ended));
  }

  #tell(record: OperationRecord, status: number | null, transport: string): void {
    const { caller, requestId, type, name, fields, codes, events } = record;
    if (this.#failedOnly && codes.size === 0 && (status ?? 200) < 400) return;
    this.#log.tell("request", {
      requestId,
      transport,
      operationType: type,
      operationName: name,
      fields: [...fields],
      ...(status === null ? {} : { status }),
      codes: [...codes],
      seconds: Math.round(performance.now() - record.startedAt) / 1_000,
      ...(type === "subscription" ? { events } : {}),
      userId: caller?.userId,
      actor: caller?.actor,
    });
  }
}

interface LoggedContext {
  readonly operation?: OperationRecord | undefined;
  readonly params?: { readonly operationName?: unknown };
}

async function* noted<T>(results: AsyncIterable<T>, record: OperationRecord): AsyncGenerator<T> {
  for await (const result of results) {
    record.delivered(result as Result);
    yield result;
  }
}

/**
 * Notes what becomes of operations, on every transport; over HTTP also their results. Only there where they are logged.
 */
export const operationLogPlugin: Plugin<LoggedContext, LoggedContext> = {
  onValidate: ({ context, params }) => {
    context.operation?.describe(params.documentAST as DocumentNode, context.params?.operationName);
  },
  onResultProcess: (answer) => {
    const { result } = answer;
    const { operation } = answer.serverContext as LoggedContext;
    if (operation === undefined || Array.isArray(result)) return;
    if (isAsyncIterable(result)) answer.setResult(noted(result, operation) as typeof result);
    else operation.delivered(result as Result);
  },
};
