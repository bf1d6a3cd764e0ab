import { ResponseBodyError } from "openid-client";
import { InvalidCredentialError, MethodUnavailableError, ProviderUnavailableError } from "../../errors/auth-error.ts";
import type { Secret } from "../../lib/secret.ts";
import type { CallOptions, DeviceAuthorization, DeviceFlowAnswer } from "../provider-auth.ts";
import { UnusableAnswerError } from "./answer.ts";
import type { OAuthClient } from "./client.ts";
import { CodeDeviceFlow } from "./code-device-flow.ts";
import { exchangeCode } from "./code-exchange.ts";
import { adaptDeviceAuthorization, boundDeviceAuthorization, pollDeviceFlow, startDeviceFlow } from "./device-flow.ts";
import { findCause, isConfigurationCode, toVendorCode } from "./failure.ts";

/**
 * The vendor has this flow, and not for this client (RFC 6749, section 5.2; GitHub's `device_flow_disabled`,
 * https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#error-codes-for-the-device-flow).
 */
const notOfferedCodes = new Set(["unauthorized_client", "unsupported_grant_type", "device_flow_disabled"]);

/** A refusal of the place that this server calls from (https://platform.openai.com/docs/guides/error-codes). */
const placeRefusal = /country|region|territory/i;

/**
 * The vendor's error codes in a refused start, where it says that the flow must be switched on; null for any other
 * error.
 */
function notOffered(error: unknown): readonly string[] | null {
  const unusable = findCause(error, UnusableAnswerError);
  const [status, codes] =
    error instanceof ResponseBodyError ? [error.status, [error.error]] : [unusable?.status, unusable?.codes ?? []];
  if (status === undefined || status < 400 || status >= 500 || status === 429) return null;
  if (codes.some((code) => notOfferedCodes.has(code))) return codes;
  if (codes.some((code) => isConfigurationCode(code) || placeRefusal.test(code))) return null;
  // The page of a firewall has a 403, too.
  return status === 404 || (status === 403 && (unusable?.isOwn ?? true)) ? codes : null;
}

/** Signing in on another device, by whichever of the protocols the provider has. */
export class OAuthDeviceMethod {
  readonly #client: OAuthClient;
  /** Null where the provider keeps to RFC 8628. */
  readonly #codeFlow: CodeDeviceFlow | null;

  constructor(client: OAuthClient) {
    this.#client = client;
    const { device } = client.description;
    const { deviceUrl } = client.server;
    this.#codeFlow =
      device?.kind === "authorization_code" && deviceUrl !== null
        ? new CodeDeviceFlow(deviceUrl, device, client.displayName)
        : null;
  }

  /** @throws MethodUnavailableError where the vendor does not offer it to this client; ProviderUnavailableError */
  async start(scopes: readonly string[], { signal }: CallOptions): Promise<DeviceAuthorization> {
    const flow = this.#codeFlow;
    if (flow !== null) {
      return this.#client.translated("start", () =>
        this.#offered(async () => boundDeviceAuthorization(await flow.start(this.#codeFlowOptions(signal)))),
      );
    }
    const parameters = { scope: scopes.join(" "), ...this.#client.resource };
    const adapt = adaptDeviceAuthorization(this.#client.dependencies.clock.now());
    return this.#client.run("start", { answer: "document", adapt, signal }, (to) =>
      this.#offered(async () => boundDeviceAuthorization(await startDeviceFlow(to, parameters))),
    );
  }

  /**
   * @throws ProviderUnavailableError without a `vendorCode` where nothing is known of the user's decision; any other
   * AuthError ends the flow (RFC 8628, section 3.5).
   */
  async poll(deviceCode: Secret, options: CallOptions): Promise<DeviceFlowAnswer> {
    const { signal } = options;
    const flow = this.#codeFlow;
    if (flow !== null) {
      const poll = await this.#client.translated("poll", () => flow.poll(deviceCode, this.#codeFlowOptions(signal)));
      if (poll.code === null) return { status: "pending", slowDown: poll.slowDown };
      return { status: "authorized", credentials: await this.#exchange(poll.code, options) };
    }
    return this.#client.run("poll", { answer: "tokens", signal }, async (to) => {
      const poll = await pollDeviceFlow(to, deviceCode, this.#client.resource);
      return poll.tokens === null
        ? { status: "pending", slowDown: poll.slowDown }
        : { status: "authorized", credentials: this.#client.read(poll.tokens) };
    });
  }

  /** The next poll may bring the same code again; one that may have been used is not sent twice. */
  async #exchange(code: Omit<Parameters<typeof exchangeCode>[2], "redirected">, options: CallOptions) {
    try {
      return await exchangeCode(this.#client, "exchange", { ...code, redirected: null }, options);
    } catch (error) {
      if (!(error instanceof ProviderUnavailableError) || error.unprocessed || error.vendorCode !== null) throw error;
      throw new InvalidCredentialError(`${error.detail} Whether it signed you in is not known. Start again.`, {
        cause: error,
      });
    }
  }

  async #offered<T>(start: () => Promise<T>): Promise<T> {
    try {
      return await start();
    } catch (error) {
      const codes = notOffered(error);
      if (codes === null) throw error;
      const { displayName, description, availability } = this.#client;
      const switchedOn = description.device?.switchedOn ?? `See the client's settings at ${displayName}.`;
      throw new MethodUnavailableError(
        `${displayName} does not offer the DEVICE flow to this client or account. ${switchedOn}`,
        availability.others("device"),
        {
          cause: new Error(`the device endpoint answered: ${codes.join(", ")}`),
          vendorCode: toVendorCode(codes[0] ?? "none"),
        },
      );
    }
  }

  #codeFlowOptions(signal: AbortSignal | undefined) {
    const { http, settings, clock } = this.#client.dependencies;
    return { http, clientId: settings.oauth.clientId ?? "", now: clock.now(), signal };
  }
}
