import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";
import { sendJson } from "./http.ts";

/** What API keys begin with: any such text is a key. */
const keyPrefix = "sandbox-";

const models = { data: [{ id: "sandbox-echo" }, { id: "sandbox-silence" }] };

/** The API that credentials of the sandbox are for: `GET /v1/models`. */
export async function answerApi(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, token = ""] = /^Bearer ([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (!token.startsWith(keyPrefix) && (await provider.AccessToken.find(token)) === undefined) {
    const message = "The access token or API key is not valid, or not any more.";
    return sendJson(response, 401, { error: { type: "authentication_error", message } });
  }
  if (request.method === "GET" && request.url?.split("?", 1)[0] === "/v1/models") {
    return sendJson(response, 200, models);
  }
  return sendJson(response, 404, { error: { type: "not_found", message: "There is only GET /v1/models." } });
}
