/** Told of what a client of PostgreSQL does. */
export interface ClientWatch {
  /** A statement is sent. @returns what to call at its end; null where nobody wants to know */
  begin(text: string): (() => void) | null;
  connected(): void;
  connectFailed(error: unknown): void;
}

type Call = (...parameters: unknown[]) => unknown;

/**
 * What is watched of a client (pg): the pool calls both with a callback, and the ORM sends statements with a promise.
 */
interface Client {
  connect: unknown;
  query: unknown;
}

/** Does a call, and tells of its end whether it answers by a callback or by a promise. */
function callAndTell(call: Call, parameters: unknown[], tell: (error: unknown) => void): unknown {
  const last = parameters.at(-1);
  if (typeof last === "function") {
    return call(...parameters.slice(0, -1), (...answers: unknown[]) => {
      tell(answers[0]);
      (last as Call)(...answers);
    });
  }
  const answer = call(...parameters);
  if (answer instanceof Promise) answer.then(() => tell(null), tell);
  return answer;
}

function textOf(statement: unknown): string | null {
  if (typeof statement === "string") return statement;
  const text = (statement as { readonly text?: unknown } | undefined)?.text;
  return typeof text === "string" ? text : null;
}

/** Has a watch told of a client's connecting, and of the text and the end of each statement; never of its values. */
export function watchClient(client: Client, watch: ClientWatch): void {
  const [connect, query] = [client.connect as Call, client.query as Call].map((call): Call => call.bind(client));
  client.connect = (...parameters: unknown[]) =>
    callAndTell(connect!, parameters, (error) => (error == null ? watch.connected() : watch.connectFailed(error)));
  client.query = (...parameters: unknown[]) => {
    const text = textOf(parameters[0]);
    const end = text === null ? null : watch.begin(text);
    return end === null ? query!(...parameters) : callAndTell(query!, parameters, end);
  };
}
