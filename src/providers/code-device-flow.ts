import { Secret } from "../credentials/secret.ts";
import type { HttpClient, OutboundResponse } from "./http-client.ts";
import { MalformedAnswerError, readJsonAnswer, UnusableAnswerError } from "./oauth-answer.ts";
import type { DeviceProtocol } from "./oauth-description.ts";
import type { DeviceAuthorization } from "./provider-auth.ts";

type CodeDeviceProtocol = Extract<DeviceProtocol, { kind: "authorization_code" }>;

interface CodeDeviceFlowOptions {
  readonly http: HttpClient;
  readonly clientId: string;
  readonly signal: AbortSignal | undefined;
}

/** An authorization code that the user has approved on another device, with the verifier that the provider chose. */
export interface HandedOutCode {
  readonly code: Secret;
  readonly codeVerifier: Secret;
  readonly redirectUri: string;
}

const defaultInterval = 5;

function readText(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new MalformedAnswerError(`${name} is not a text`);
}

/** Seconds, which come as a text. */
function readInterval(value: unknown): number {
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 && seconds <= 300 ? seconds : defaultInterval;
}

/** The device flow whose endpoint speaks JSON and hands out an authorization code to exchange, not tokens. */
export class CodeDeviceFlow {
  readonly #url: URL;
  readonly #protocol: CodeDeviceProtocol;

  /** `url` is where user codes come from; polls go to `token` beside it. */
  constructor(url: string, protocol: CodeDeviceProtocol) {
    this.#url = new URL(url);
    this.#protocol = protocol;
  }

  async start({ http, clientId, signal }: CodeDeviceFlowOptions): Promise<DeviceAuthorization> {
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
      expiresIn: this.#protocol.expiresIn,
    };
  }

  /** The code, or null while the user has not decided; the provider says so by 403 or 404. */
  async poll(deviceCode: Secret, { http, signal }: CodeDeviceFlowOptions): Promise<HandedOutCode | null> {
    const [deviceAuthId, userCode] = JSON.parse(deviceCode.reveal()) as [string, string];
    const body = { device_auth_id: deviceAuthId, user_code: userCode };
    const response = await this.#post(http, new URL("token", this.#url), body, signal);
    if (response.status === 403 || response.status === 404) return null;
    if (response.status >= 400) throw new UnusableAnswerError(response);
    const json = readJsonAnswer(response);
    return {
      code: new Secret(readText(json["authorization_code"], "authorization_code")),
      codeVerifier: new Secret(readText(json["code_verifier"], "code_verifier")),
      redirectUri: new URL(this.#protocol.redirectPath, this.#url).href,
    };
  }

  #post(http: HttpClient, url: URL, body: object, signal: AbortSignal | undefined): Promise<OutboundResponse> {
    const headers = { "content-type": "application/json", accept: "application/json" };
    return http.send({ method: "POST", url: url.href, headers, body: JSON.stringify(body), signal });
  }
}
