import type { Answer } from "./answer.ts";
import { serverSentEvents } from "./event-stream.ts";
import { randomText } from "./random-text.ts";
import { greeting, jsonObject, type Accounts, type Call, type WireFormat } from "./wire-format.ts";

const errorTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

const versions = new Set(["2023-01-01", "2023-06-01"]);

const models = [
  { type: "model", id: "claude-opus-4-5", display_name: "Claude Opus 4.5", created_at: "2025-11-24T00:00:00Z" },
  { type: "model", id: "claude-haiku-4-5", display_name: "Claude Haiku 4.5", created_at: "2025-10-15T00:00:00Z" },
];

/** https://platform.claude.com/docs/en/api/errors */
export function anthropicError(status: number, message = "The mock was told to answer this."): Answer {
  const type = errorTypes[status] ?? "api_error";
  const requestId = `req_${randomText(24)}`;
  const body = { type: "error", error: { type, message }, request_id: requestId };
  return { status, headers: { "request-id": requestId }, body };
}

function refuseCaller({ headers }: Call, { validKeys, accessTokens }: Accounts): Answer | null {
  const [, accessToken] = /^Bearer (.+)$/i.exec(headers.authorization ?? "") ?? [];
  if (accessToken !== undefined) {
    return accessTokens?.has(accessToken) === true ? null : anthropicError(401, "Invalid bearer token");
  }
  const key = headers["x-api-key"];
  if (typeof key !== "string") return anthropicError(401, "x-api-key header is required");
  return validKeys.has(key) ? null : anthropicError(401, "invalid x-api-key");
}

/** The refusal of a call by its headers; null for a call that may go on. */
function refuse(call: Call, accounts: Accounts): Answer | null {
  const { headers } = call;
  const refusal = refuseCaller(call, accounts);
  if (refusal !== null) return refusal;
  const version = headers["anthropic-version"];
  if (typeof version !== "string") return anthropicError(400, "anthropic-version: header is required");
  if (!versions.has(version)) return anthropicError(400, `anthropic-version: "${version}" is not a valid version`);
  return null;
}

function listModels({ url }: Call): Answer {
  const data = models.slice(0, Number(url.searchParams.get("limit") ?? 20));
  const body = { data, has_more: data.length < models.length, first_id: data[0]?.id, last_id: data.at(-1)?.id };
  return { status: 200, body };
}

/** A streamed message: its words one by one (https://platform.claude.com/docs/en/build-with-claude/streaming). */
function streamMessage(message: object): Answer {
  const event = (type: string, fields: object = {}) => ({ event: type, data: { type, ...fields } });
  const words = greeting.map((text) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } }));
  return serverSentEvents([
    event("message_start", { message }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    ...words,
    event("content_block_stop", { index: 0 }),
    event("message_delta", { delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 3 } }),
    event("message_stop"),
  ]);
}

function createMessage({ body }: Call): Answer {
  const request = jsonObject(body);
  const model = request?.["model"];
  if (typeof model !== "string") return anthropicError(400, "model: Field required");
  const message = { id: `msg_${randomText(24)}`, type: "message", role: "assistant", model, stop_sequence: null };
  const usage = { input_tokens: 8, output_tokens: 3 };
  if (request?.["stream"] === true) return streamMessage({ ...message, content: [], stop_reason: null, usage });
  const content = [{ type: "text", text: greeting.join("") }];
  return { status: 200, body: { ...message, content, stop_reason: "end_turn", usage } };
}

/** Anthropic's API (https://platform.claude.com/docs/en/api/overview). */
export const anthropic: WireFormat = {
  newKey: () => `sk-ant-api03-${randomText(93)}AA`,
  error: anthropicError,
  answer(call, accounts) {
    switch (`${call.method} ${call.url.pathname}`) {
      case "GET /v1/models":
        return refuse(call, accounts) ?? listModels(call);
      case "POST /v1/messages":
        return refuse(call, accounts) ?? createMessage(call);
      default:
        return anthropicError(404, "Not found");
    }
  },
};
