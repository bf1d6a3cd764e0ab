import type { CustomFetch } from "openid-client";
import { isConfidential } from "../../lib/loopback.ts";
import { type HttpClient, NoAnswerError, type OutboundResponse } from "../http-client.ts";
import type { Json } from "../provider-error.ts";
import type { ProviderHealth } from "../provider-health.ts";
import { adaptError, adaptTokens, hasAccessToken, readJsonAnswer, UnusableAnswerError } from "./answer.ts";
import type { BodyEncoding } from "./description.ts";

/** How one call to an authorization server differs from the standard. */
export interface OAuthExchange {
  /** What a successful answer holds: tokens, nothing that matters, or another JSON document. */
  readonly answer: "tokens" | "confirmation" | "document";
  readonly encoding?: BodyEncoding;
  /**
   * An ID token is neither checked nor used: nobody has asked for one. One that fails a check, for which keys may have
   * to be fetched, must not cost the tokens that came with it.
   */
  readonly ignoreIdToken?: boolean;
  /** Parameters of the body that replace what was going to be sent. */
  readonly replace?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Brings a successful answer that holds no tokens into the form that the library wants. */
  readonly adapt?: (json: Json) => Json;
  /** Told once the request itself, and not what follows it, was answered with a success. */
  readonly onAnswer?: () => void;
  /** Error codes that mean something to the caller; where an answer has several, these are preferred. */
  readonly isKnownCode?: (code: string) => boolean;
}

interface OAuthFetchDependencies {
  readonly http: HttpClient;
  readonly health: ProviderHealth;
}

function encode(body: unknown, { encoding, replace }: OAuthExchange): { body: string; type: string } | null {
  if (!(body instanceof URLSearchParams)) return null;
  for (const [name, value] of Object.entries(replace ?? {})) if (body.has(name)) body.set(name, value);
  return encoding === "json"
    ? { body: JSON.stringify(Object.fromEntries(body)), type: "application/json" }
    : { body: body.toString(), type: "application/x-www-form-urlencoded;charset=UTF-8" };
}

/** The answer in the form that the RFCs prescribe. @throws UnusableAnswerError, MalformedAnswerError */
function adapt(response: OutboundResponse, exchange: OAuthExchange): [number, Json] {
  const { answer, ignoreIdToken, isKnownCode = () => false } = exchange;
  // RFC 7009, section 2.2: the status says it all, and some send no body.
  if (answer === "confirmation" && response.status >= 200 && response.status < 300) return [200, {}];
  const json = readJsonAnswer(response);
  const failed = response.status >= 400 || (answer === "tokens" && !hasAccessToken(json));
  const error = failed ? adaptError(json, isKnownCode) : null;
  if (error !== null) return [Math.max(response.status, 400), error];
  if (response.status >= 400) throw new UnusableAnswerError(response);
  if (answer !== "tokens") return [200, exchange.adapt?.(json) ?? json];
  return [200, adaptTokens(ignoreIdToken ? { ...json, id_token: undefined } : json)];
}

/** A `fetch` for openid-client that keeps the limits of our HTTP client and adapts what is not standard. */
export function oauthFetch({ http, health }: OAuthFetchDependencies, exchange: OAuthExchange): CustomFetch {
  return async (url, { method, headers, body }) => {
    // The library allows http for a whole configuration; a discovered URL could then lead anywhere.
    if (!isConfidential(new URL(url))) throw new Error("an endpoint has neither https nor a loopback address");
    const content = encode(body, exchange);
    try {
      const response = await http.send({
        method: method === "POST" ? "POST" : "GET",
        url,
        headers: content === null ? headers : { ...headers, "content-type": content.type },
        ...(content === null ? {} : { body: content.body }),
        signal: exchange.signal,
      });
      const isOwn = method === "POST";
      if (isOwn && response.status < 400) exchange.onAnswer?.();
      // The issuer's keys are fetched in between, with which the ID token is checked.
      const [status, json] = adapt(response, isOwn ? exchange : { answer: "document" });
      health.record(true);
      return Response.json(json, { status });
    } catch (error) {
      if (error instanceof NoAnswerError || error instanceof UnusableAnswerError) health.record(false);
      throw error;
    }
  };
}
