import type { Secret } from "../credentials/secret.ts";
import { CodeDeviceFlow } from "./code-device-flow.ts";
import { boundDeviceAuthorization, pollDeviceFlow, startDeviceFlow } from "./device-flow.ts";
import type { OAuthClient } from "./oauth-client.ts";
import { exchangeCode } from "./oauth-code-exchange.ts";
import type { CallOptions, DeviceAuthorization, DeviceFlowAnswer } from "./provider-auth.ts";

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
      device?.kind === "authorization_code" && deviceUrl !== null ? new CodeDeviceFlow(deviceUrl, device) : null;
  }

  async start(scopes: readonly string[], { signal }: CallOptions): Promise<DeviceAuthorization> {
    const flow = this.#codeFlow;
    if (flow !== null) {
      return this.#client.translated("start", async () =>
        boundDeviceAuthorization(await flow.start(this.#codeFlowOptions(signal))),
      );
    }
    const parameters = { scope: scopes.join(" "), ...this.#client.resource };
    return this.#client.run("start", { answer: "document", signal }, async (to) =>
      boundDeviceAuthorization(await startDeviceFlow(to, parameters)),
    );
  }

  async poll(deviceCode: Secret, options: CallOptions): Promise<DeviceFlowAnswer> {
    const { signal } = options;
    const flow = this.#codeFlow;
    if (flow !== null) {
      const code = await this.#client.translated("poll", () => flow.poll(deviceCode, this.#codeFlowOptions(signal)));
      if (code === null) return { status: "pending", slowDown: false };
      const credentials = await exchangeCode(this.#client, "poll", { ...code, redirected: null }, options);
      return { status: "authorized", credentials };
    }
    return this.#client.run("poll", { answer: "tokens", signal }, async (to) => {
      const poll = await pollDeviceFlow(to, deviceCode, this.#client.resource);
      return poll.tokens === null
        ? { status: "pending", slowDown: poll.slowDown }
        : { status: "authorized", credentials: this.#client.read(poll.tokens) };
    });
  }

  #codeFlowOptions(signal: AbortSignal | undefined) {
    const { http, settings } = this.#client.dependencies;
    return { http, clientId: settings.oauth.clientId ?? "", signal };
  }
}
