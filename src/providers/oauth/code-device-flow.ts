import { InvalidCredentialError, OAuthDeniedError, OAuthStateError } from "../../errors/auth-error.ts";
import { Secret } from "../../lib/secret.ts";
import type { HttpClient, OutboundResponse } from "../http-client.ts";
import type { DeviceAuthorization } from "../provider-auth.ts";
import { parseJsonObject, readProviderError } from "../provider-error.ts";
import { MalformedAnswerError, readJsonAnswer, UnusableAnswerError } from "./answer.ts";
import type { DeviceProtocol } from "./description.ts";
import { readDeviceLifetime, readInterval } from "./device-flow.ts";
import { isConfigurationCode, toVendorCode } from "./failure.ts";

type CodeDeviceProtocol = Extract<DeviceProtocol, { kind: "authorization_code" }>;

interface CodeDeviceFlowOptions {
  readonly http: HttpClient;
  readonly clientId: string;
  readonly now: Date;
  readonly signal: AbortSignal | undefined;
}

/** An authorization code that the user has approved on another device, with the verifier that the provider chose. */
interface HandedOutCode {
  readonly code: Secret;
  readonly codeVerifier: Secret;
  readonly redirectUri: string;
}

/** One answer to a poll; without a code the user has not decided yet. */
type CodeDevicePoll = { readonly code: HandedOutCode } | { readonly code: null; readonly slowDown: boolean };

function readText(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new MalformedAnswerError(`${name} is not a text`);
}

/** What a refused poll says of itself, in codes or words; null for an answer that is not the endpoint's own. */
function readRefusal(response: OutboundResponse): readonly string[] | null {
  const { status, body } = response;
  if (status < 400 || status === 408 || status === 429 || status >= 500) return null;
  if (body.trim() === "") return [];
  if (parseJsonObject(body) === null) {
    // A page is a firewall's or a proxy's.
    return /^\s*[<{[]/.test(body) || body.length > 300 ? null : [body];
  }
  const { codes, message } = readProviderError(body);
  return message === null ? codes : [...codes, message];
}

/** The device flow whose endpoint speaks JSON and hands out an authorization code to exchange, not tokens. */
export class CodeDeviceFlow {
  readonly #url: URL;
  readonly #protocol: CodeDeviceProtocol;
  readonly #displayName: string;

  /** `url` is where user codes come from; polls go to `token` beside it. */
  constructor(url: string, protocol: CodeDeviceProtocol, displayName: string) {
    this.#url = new URL(url);
    this.#protocol = protocol;
    this.#displayName = displayName;
  }

  /** @throws UnusableAnswerError, MalformedAnswerError */
  async start({ http, clientId, now, signal }: CodeDeviceFlowOptions): Promise<DeviceAuthorization> {
    const response = await this.#post(http, this.#url, { client_id: clientId }, signal);
    if (response.status >= 400) throw new UnusableAnswerError(response);
    const json = readJsonAnswer(response);
    const userCode = readText(json["user_code"] ?? json["usercode"], "user_code");
    const deviceAuthId = readText(json["device_auth_id"], "device_auth_id");
    return {
      // A poll needs both.
      deviceCode: new Secret(JSON.stringify([deviceAuthId, userCode])),
      userCode,
      verificationUri: new URL(this.#protocol.verificationPath, this.#url).href,
      interval: readInterval(json["interval"]),
      expiresIn: readDeviceLifetime(json, now, this.#protocol.expiresIn),
    };
  }

  /**
   * @throws OAuthDeniedError, OAuthStateError where the code has expired, InvalidCredentialError for any other refusal;
   * UnusableAnswerError for an answer that says nothing of the user's decision.
   */
  async poll(deviceCode: Secret, { http, signal }: CodeDeviceFlowOptions): Promise<CodeDevicePoll> {
    const [deviceAuthId, userCode] = JSON.parse(deviceCode.reveal()) as [string, string];
    const body = { device_auth_id: deviceAuthId, user_code: userCode };
    const response = await this.#post(http, new URL("token", this.#url), body, signal);
    if (response.status >= 400) return { code: null, slowDown: this.#readPending(response) };
    const json = readJsonAnswer(response);
    return {
      code: {
        code: new Secret(readText(json["authorization_code"], "authorization_code")),
        codeVerifier: new Secret(readText(json["code_verifier"], "code_verifier")),
        redirectUri: new URL(this.#protocol.redirectPath, this.#url).href,
      },
    };
  }

  /** Returns, for a user who has not decided yet, whether to slow down. */
  #readPending(response: OutboundResponse): boolean {
    const { status } = response;
    const words = readRefusal(response);
    // A refusal of this server's own client is told apart with all others of its kind.
    if (words === null || words.some(isConfigurationCode)) throw new UnusableAnswerError(response);
    const { errorCodes, pendingStatuses } = this.#protocol;
    const meanings = words.map((word) => (Object.hasOwn(errorCodes, word) ? errorCodes[word]! : word));
    const says = (meaning: string) => meanings.includes(meaning);
    if (says("access_denied")) throw new OAuthDeniedError();
    if (says("expired_token")) throw new OAuthStateError(expired);
    if (says("slow_down")) return true;
    if (says("authorization_pending") || (words.length === 0 && pendingStatuses.includes(status))) return false;
    if (words.some((word) => /expired/i.test(word))) throw new OAuthStateError(expired);
    const vendorCode = toVendorCode(words[0] ?? "none");
    const cause = new Error(`status ${status}: ${vendorCode}`);
    throw new InvalidCredentialError(
      `${this.#displayName} ended this sign-in (status ${status}). Nothing was stored. Start again.`,
      { cause, vendorCode },
    );
  }

  #post(http: HttpClient, url: URL, body: object, signal: AbortSignal | undefined): Promise<OutboundResponse> {
    const headers = { "content-type": "application/json", accept: "application/json" };
    return http.send({ method: "POST", url: url.href, headers, body: JSON.stringify(body), signal });
  }
}

const expired = "The code has expired. Start again.";
