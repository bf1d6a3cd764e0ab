import type { Answer } from "./answer.ts";
import { randomText } from "./random-text.ts";
import { greeting, jsonObject, type Accounts, type Call, type WireFormat } from "./wire-format.ts";

const errorStatuses: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

const models = ["gemini-3-pro", "gemini-2.5-flash"].map((name) => ({
  name: `models/${name}`,
  version: "001",
  displayName: name,
  inputTokenLimit: 1_048_576,
  outputTokenLimit: 65_536,
  supportedGenerationMethods: ["generateContent", "countTokens"],
}));

/** https://cloud.google.com/apis/design/errors#http_mapping */
export function googleError(
  status: number,
  message = "The mock was told to answer this.",
  details?: readonly object[],
): Answer {
  return { status, body: { error: { code: status, message, status: errorStatuses[status] ?? "UNKNOWN", details } } };
}

/** With the reason that `google.rpc.ErrorInfo` gives (https://google.aip.dev/193). */
export function googleReason(status: number, reason: string, message: string): Answer {
  return googleError(status, message, [
    {
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      reason,
      domain: "googleapis.com",
      metadata: { service: "generativelanguage.googleapis.com" },
    },
    { "@type": "type.googleapis.com/google.rpc.LocalizedMessage", locale: "en-US", message },
  ]);
}

const invalidCredentials =
  "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.";

/** The refusal of a call by its headers; null for a call that may go on. Unlike the real service it ignores `?key=`. */
function refuse({ headers }: Call, { validKeys, accessTokens }: Accounts): Answer | null {
  const [, accessToken] = /^Bearer (.+)$/i.exec(headers.authorization ?? "") ?? [];
  if (accessToken !== undefined) {
    // Without OAuth of its own the mock takes its key for an access token as well.
    return (accessTokens ?? validKeys).has(accessToken)
      ? null
      : googleReason(401, "ACCESS_TOKEN_EXPIRED", invalidCredentials);
  }
  const key = headers["x-goog-api-key"];
  if (typeof key !== "string")
    return googleError(403, "Method doesn't allow unregistered callers. Please use API Key.");
  if (validKeys.has(key)) return null;
  return googleReason(400, "API_KEY_INVALID", "API key not valid. Please pass a valid API key.");
}

function listModels({ url }: Call): Answer {
  const page = models.slice(0, Number(url.searchParams.get("pageSize") ?? 50));
  const more = page.length < models.length ? { nextPageToken: randomText(40) } : {};
  return { status: 200, body: { models: page, ...more } };
}

function generateContent({ body }: Call, model: string): Answer {
  if (jsonObject(body)?.["contents"] === undefined) return googleError(400, "contents is not specified");
  const content = { parts: [{ text: greeting.join("") }], role: "model" };
  const generated = {
    candidates: [{ content, finishReason: "STOP", index: 0 }],
    usageMetadata: { promptTokenCount: 8, candidatesTokenCount: 3, totalTokenCount: 11 },
    modelVersion: model,
    responseId: randomText(22),
  };
  return { status: 200, body: generated };
}

/** Google's Gemini API (https://ai.google.dev/api). */
export const google: WireFormat = {
  // Standard keys, which began with AIza, have ended (https://ai.google.dev/gemini-api/docs/api-key).
  newKey: () => `AQ.Ab8${randomText(47)}`,
  error: googleError,
  answer(call, accounts) {
    const route = `${call.method} ${call.url.pathname}`;
    if (route === "GET /v1beta/models") return refuse(call, accounts) ?? listModels(call);
    const [, model] = /^POST \/v1beta\/models\/([^/:]+):generateContent$/.exec(route) ?? [];
    if (model !== undefined) return refuse(call, accounts) ?? generateContent(call, model);
    return googleError(404, "Requested entity was not found.");
  },
};
