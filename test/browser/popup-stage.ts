import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { initiateOAuthMutation } from "../client/operations.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../support/authorization-server.ts";
import { startTestApp, type TestApp } from "../support/test-app.ts";

const launchArguments = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];

/** An application on another origin than the server's, which the operator listed. */
export const listedOrigin = "http://app.example.test";
export const foreignOrigin = "http://evil.example.test";

/** Collects what it is told. */
const applicationPage = `<!doctype html><title>Application</title><script>
  const messages = [];
  addEventListener("message", ({ origin, data }) => messages.push({ origin, data }));
</script>`;

export interface PopupStage extends AsyncDisposable {
  readonly google: AuthorizationServer;
  readonly server: TestApp;
  /** Under which browsers reach the server: another site than the authorization server's. */
  readonly origin: string;
  /** Errors of pages, such as violations of their Content-Security-Policy. */
  readonly offences: string[];
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>;
}

/** The redirect URI has the port in it, so the port must be known before the server listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A server, an authorization server in the place of Google's, and a browser that reaches these two only. */
export async function startPopupStage(): Promise<PopupStage> {
  await using stack = new AsyncDisposableStack();
  const google = stack.use(await startAuthorizationServer("google"));
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const environment = {
    ...google.environment("google"),
    PORT: String(port),
    PUBLIC_URL: origin,
    ALLOWED_ORIGINS: `${origin},${listedOrigin}`,
  };
  const server = stack.use(await startTestApp({ environment }));
  const browser = stack.use(await chromium.launch({ executablePath: "/usr/bin/chromium", args: launchArguments }));
  const offences: string[] = [];
  const parts = stack.move();
  return {
    google,
    server,
    origin,
    offences,
    async newContext(options = {}) {
      const context = await browser.newContext({ serviceWorkers: "block", ...options });
      await context.route(/\/application$/, (route) =>
        route.fulfill({ contentType: "text/html", body: applicationPage }),
      );
      context.on("weberror", (error) => offences.push(`uncaught ${error.error().message}`));
      context.on("console", (message) => {
        if (message.type() === "error") offences.push(`console: ${message.text()} ${message.location().url}`);
      });
      return context;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** A page that opens popups, and keeps what they tell it. */
export class Application {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async open(context: BrowserContext, origin: string): Promise<Application> {
    const page = await context.newPage();
    await page.goto(`${origin}/application`);
    return new Application(page);
  }

  /** Begins a flow as a page of the server's own origin does it. @returns where to send the user. */
  async begin(token: string): Promise<string> {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: initiateOAuthMutation.toString(), variables: { input: { provider: "google" } } }),
    };
    const script = `fetch("/graphql", ${JSON.stringify(init)}).then((response) => response.json())`;
    const { data } = await this.#page.evaluate<{ data: { initiateOAuth: { flow: { authorizationUrl: string } } } }>(
      script,
    );
    return data.initiateOAuth.flow.authorizationUrl;
  }

  /** Opens a popup. @returns it, once a page of the server has come with this title. */
  async popup(url: string, title: string): Promise<Page> {
    const opened = this.#page.waitForEvent("popup");
    await this.#page.evaluate(`void open(${JSON.stringify(url)}, "", "popup,width=480,height=640")`);
    const popup = await opened;
    await popup.getByRole("heading", { name: title, exact: true }).waitFor();
    await popup.waitForLoadState();
    return popup;
  }

  /** Everything that the popup has told by now. */
  async toldBy(popup: Page): Promise<unknown[]> {
    // Messages from one window to another arrive in order: whatever was sent before the mark is there with it.
    await popup.evaluate(`opener.postMessage("mark", "*")`);
    await this.#page.waitForFunction(`messages.some(({ data }) => data === "mark")`);
    return this.#page.evaluate<unknown[]>(`messages.filter(({ data }) => data !== "mark")`);
  }
}
