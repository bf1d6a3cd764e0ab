import type { Answer } from "./answer.ts";
import { serverSentEvents } from "./event-stream.ts";
import { randomText } from "./random-text.ts";
import { greeting, jsonObject, type Accounts, type Call, type WireFormat } from "./wire-format.ts";

const models = ["gpt-5", "gpt-5-mini"].map((id) => ({ id, object: "model", created: 1754524800, owned_by: "system" }));

/** https://developers.openai.com/api/docs/guides/error-codes */
export function openaiError(status: number, message: string, type: string, code: string | null): Answer {
  return { status, body: { error: { message, type, param: null, code } } };
}

function error(status: number): Answer {
  const message = "The mock was told to answer this.";
  if (status === 401) return openaiError(status, message, "invalid_request_error", "invalid_api_key");
  if (status === 403) return openaiError(status, message, "request_forbidden", "unsupported_country_region_territory");
  if (status === 429) return openaiError(status, message, "requests", "rate_limit_exceeded");
  return openaiError(status, message, status < 500 ? "invalid_request_error" : "server_error", null);
}

/** As the real service shows a key: its beginning and its end, which is too much to show to anybody else. */
function mask(key: string): string {
  return key.length < 13 ? "*".repeat(key.length) : key.slice(0, 8) + "*".repeat(key.length - 12) + key.slice(-4);
}

/** The refusal of a call by its headers; null for a call that may go on. */
function refuse({ headers }: Call, { validKeys, accessTokens }: Accounts): Answer | null {
  const [, key] = /^Bearer (\S+)$/i.exec(headers.authorization ?? "") ?? [];
  if (key === undefined) {
    const message = "You didn't provide an API key. You need to provide your API key in an Authorization header.";
    return openaiError(401, message, "invalid_request_error", null);
  }
  if (validKeys.has(key) || accessTokens?.has(key) === true) return null;
  const help = "You can find your API key at https://platform.openai.com/account/api-keys.";
  const message = `Incorrect API key provided: ${mask(key)}. ${help}`;
  return openaiError(401, message, "invalid_request_error", "invalid_api_key");
}

/**
 * A streamed completion: its words one by one, then why it ends
 * (https://platform.openai.com/docs/api-reference/chat-streaming).
 */
function streamChat(completion: object): Answer {
  const chunk = (delta: object, finish_reason: string | null) => ({
    data: { ...completion, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] },
  });
  return serverSentEvents([
    chunk({ role: "assistant", content: "" }, null),
    ...greeting.map((content) => chunk({ content }, null)),
    chunk({}, "stop"),
    { data: "[DONE]" },
  ]);
}

function completeChat({ body }: Call): Answer {
  const request = jsonObject(body);
  const model = request?.["model"];
  if (typeof model !== "string") return openaiError(400, "You must provide a model.", "invalid_request_error", null);
  const completion = { id: `chatcmpl-${randomText(29)}`, created: Math.floor(Date.now() / 1000), model };
  if (request?.["stream"] === true) return streamChat(completion);
  const message = { role: "assistant", content: greeting.join(""), refusal: null, annotations: [] };
  return {
    status: 200,
    body: {
      ...completion,
      object: "chat.completion",
      choices: [{ index: 0, message, logprobs: null, finish_reason: "stop" }],
      usage: { prompt_tokens: 8, completion_tokens: 3, total_tokens: 11 },
    },
  };
}

/** OpenAI's API (https://platform.openai.com/docs/api-reference). */
export const openai: WireFormat = {
  // The middle is "OpenAI" in base64; scanners for leaked keys look for it.
  newKey: () => `sk-proj-${randomText(74)}T3BlbkFJ${randomText(74)}`,
  error,
  answer(call, accounts) {
    const route = `${call.method} ${call.url.pathname}`;
    switch (route) {
      case "GET /v1/models":
        return refuse(call, accounts) ?? { status: 200, body: { object: "list", data: models } };
      case "POST /v1/chat/completions":
        return refuse(call, accounts) ?? completeChat(call);
      default:
        return openaiError(404, `Invalid URL (${route})`, "invalid_request_error", null);
    }
  },
};
