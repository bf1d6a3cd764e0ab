import { type ExecutionResult, GraphQLError } from "graphql";
import type { Plugin } from "graphql-yoga";
import { acceptsStream } from "./media-type.ts";

/** What an operation's context holds where it came over HTTP. */
interface HttpContext {
  readonly request?: Request;
  /** Counts the response among its caller's open streams; false where that would be one too many. */
  readonly takeStream?: () => boolean;
}

const refusals = {
  NOT_ACCEPTABLE: { status: 406, message: "A subscription needs `accept: text/event-stream`, or a WebSocket." },
  TOO_MANY_STREAMS: {
    status: 429,
    message:
      "This user has too many open event streams on this server. End one, or use a WebSocket, which carries many.",
  },
} as const;

/** Results that are told as a plain answer also to a client that reads only event streams. */
const plain = new WeakSet<object>();

function refusal(code: keyof typeof refusals): ExecutionResult {
  const { status, message } = refusals[code];
  const result = { errors: [new GraphQLError(message, { extensions: { code, http: { status } } })] };
  if (code === "TOO_MANY_STREAMS") plain.add(result);
  return result;
}

/**
 * Over HTTP a subscription needs a client that reads event streams: without one it would start, and nobody could end
 * it. And it needs a place among those that its caller may hold open.
 */
export const eventStreamPlugin: Plugin<HttpContext> = {
  onSubscribe: ({ args, setResultAndStopExecution }) => {
    const { request, takeStream } = args.contextValue as HttpContext;
    if (request === undefined) return;
    if (!acceptsStream(request.headers.get("accept"))) setResultAndStopExecution(refusal("NOT_ACCEPTABLE"));
    else if (takeStream?.() === false) setResultAndStopExecution(refusal("TOO_MANY_STREAMS"));
  },
  onResultProcess: (answer) => {
    if (!plain.has(answer.result)) return;
    const { status, message } = refusals.TOO_MANY_STREAMS;
    const body = JSON.stringify({ errors: [{ message, extensions: { code: "TOO_MANY_STREAMS" } }] });
    const headers = { "content-type": "application/json; charset=utf-8" };
    answer.setResultProcessor((_result, { Response }) => new Response(body, { status, headers }), "application/json");
  },
};
