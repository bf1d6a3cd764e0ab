import { type ExecutionResult, GraphQLError } from "graphql";
import type { Plugin } from "graphql-yoga";
import { acceptsStream, isStream } from "../media-type.ts";

/** What an operation's context holds where it came over HTTP. */
interface HttpContext {
  readonly request?: Request;
  /** Counts the response among its caller's open streams; false where that would be one too many. */
  readonly takeStream?: () => boolean;
}

/** What is told as a plain answer also to a client that reads only event streams: its result, and the answer's body. */
const plain = new WeakMap<object, string>();

function refusal(status: number, message: string, extensions: { readonly code: string }): ExecutionResult {
  return { errors: [new GraphQLError(message, { extensions: { ...extensions, http: { status } } })] };
}

function notAcceptable(): ExecutionResult {
  const message = "A subscription needs `accept: text/event-stream`, or a WebSocket.";
  return refusal(406, message, { code: "NOT_ACCEPTABLE" });
}

function tooManyStreams(limit: number): ExecutionResult {
  const message = `This user has ${limit} open event streams on this server, which is the limit. End one, or use a WebSocket, which carries many.`;
  const extensions = { code: "TOO_MANY_STREAMS", limit };
  const result = refusal(429, message, extensions);
  plain.set(result, JSON.stringify({ errors: [{ message, extensions }] }));
  return result;
}

/**
 * Over HTTP a subscription needs a client that reads event streams: without one it would start, and nobody could end
 * it. And it needs a place among those that its caller may hold open.
 */
export function eventStreamPlugin(streamsPerUser: number): Plugin<HttpContext> {
  return {
    onSubscribe: ({ args, setResultAndStopExecution }) => {
      const { request, takeStream } = args.contextValue as HttpContext;
      if (request === undefined) return;
      if (!acceptsStream(request.headers.get("accept"))) setResultAndStopExecution(notAcceptable());
      else if (takeStream?.() === false) setResultAndStopExecution(tooManyStreams(streamsPerUser));
    },
    onResultProcess: (answer) => {
      const body = plain.get(answer.result);
      if (body === undefined) return;
      const init = { status: 429, headers: { "content-type": "application/json; charset=utf-8" } };
      answer.setResultProcessor((_result, { Response }) => new Response(body, init), "application/json");
    },
    onResponse: ({ response }) => {
      // nginx, and what understands it, then passes each event on as it comes (ngx_http_proxy_module,
      // "proxy_buffering").
      if (isStream(response.headers.get("content-type"))) response.headers.set("x-accel-buffering", "no");
    },
  };
}
