import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Provider } from "oidc-provider";
import type { ProviderDefinition } from "../providers/provider-definition.ts";
import type { ProviderSettings } from "../providers/provider-settings.ts";
import { answerApi } from "./api.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { ConsentPage } from "./consent-page.ts";
import { ControlPage } from "./control-page.ts";
import { sendJson } from "./http.ts";
import { describeSandbox, sandboxSettings } from "./sandbox-provider.ts";
import { Switches } from "./switches.ts";
import { TokenStore } from "./token-store.ts";

export interface SandboxOptions {
  /** The server's own rule for where users may be sent back to. */
  readonly isRedirectUriAllowed: (uri: string) => boolean;
  /** Told of a failure that nobody foresaw. */
  readonly onError: (error: unknown) => void;
}

interface Parts {
  readonly provider: Provider;
  readonly handleOidc: ReturnType<Provider["callback"]>;
  readonly consent: ConsentPage;
}

/** What an outage takes away; the pages stay, so that it can be ended. */
const failing = ["/token", "/token/revocation", "/device/auth", "/me"];

/** A provider within this process, on a listener of its own, for people without any account. */
export class Sandbox implements AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly definition: ProviderDefinition;
  readonly settings: ProviderSettings;
  readonly #options: SandboxOptions;
  readonly #server: Server;
  readonly #switches = new Switches();
  readonly #store = new TokenStore();
  readonly #control: ControlPage;
  #parts: Promise<Parts> | undefined;

  private constructor(server: Server, options: SandboxOptions) {
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.definition = describeSandbox(this.origin);
    this.settings = sandboxSettings(this.origin);
    this.#options = options;
    this.#server = server;
    this.#control = new ControlPage({ origin: this.origin, switches: this.#switches, store: this.#store });
  }

  static async start(options: SandboxOptions): Promise<Sandbox> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const sandbox = new Sandbox(server, options);
    server.on("request", (request, response) => void sandbox.#handle(request, response));
    return sandbox;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      this.#options.onError(error);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: "server_error" });
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Another name for this address is DNS rebinding at work.
    if (request.headers.host !== new URL(this.origin).host) return sendJson(response, 421, { error: "wrong_host" });
    const path = (request.url ?? "/").split("?", 1)[0]!;
    if (path === "/") return this.#control.handle(request, response);
    const isApi = path.startsWith("/v1/");
    if (this.#switches.outage && (isApi || failing.includes(path))) {
      return sendJson(response, 503, { error: "temporarily_unavailable" });
    }
    const { provider, handleOidc, consent } = await (this.#parts ??= this.#load());
    if (isApi) return answerApi(provider, request, response);
    if (path.startsWith("/consent/")) return consent.handle(request, response);
    return handleOidc(request, response);
  }

  /** On the first request that needs it: the server starts no later for it. */
  async #load(): Promise<Parts> {
    const { isRedirectUriAllowed, onError } = this.#options;
    const options = { issuer: this.origin, store: this.#store, isRedirectUriAllowed };
    const provider = await createAuthorizationServer(options);
    provider.on("server_error", (_context, error) => onError(error));
    return { provider, handleOidc: provider.callback(), consent: new ConsentPage(provider, this.#switches) };
  }
}
