import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { GraphiQLWindow } from "./graphiql-window.ts";

const launchArguments = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  // What the browser does of its own accord passes no route: nothing but this machine has an address.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];

/** In milliseconds. The page has 9 MB of script to read. */
const deadline = 60_000;

/** A browser that reaches one server, and another if the test says so, and writes down whatever else its pages try. */
export class ClosedBrowser implements AsyncDisposable {
  /** Requests to anybody else, and errors of a page, such as violations of its Content-Security-Policy. */
  readonly offences: string[] = [];
  readonly #origin: string;
  readonly #others: readonly string[];
  readonly #browser: Browser;
  readonly #context: BrowserContext;

  private constructor(origin: string, others: readonly string[], browser: Browser, context: BrowserContext) {
    this.#origin = origin;
    this.#others = others;
    this.#browser = browser;
    this.#context = context;
  }

  static async launch(origin: string, others: readonly string[] = []): Promise<ClosedBrowser> {
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: launchArguments });
    const context = await browser.newContext({
      serviceWorkers: "block",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    context.setDefaultTimeout(deadline);
    const closed = new ClosedBrowser(origin, others, browser, context);
    await closed.#close();
    return closed;
  }

  /** A window of its own on GraphiQL, ready for use. */
  async openGraphiQL(): Promise<GraphiQLWindow> {
    const page = await this.#context.newPage();
    this.#watch(page);
    return GraphiQLWindow.open(page, this.#origin);
  }

  /** A window of its own on any page that the browser reaches. */
  async open(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    this.#watch(page);
    await page.goto(url);
    return page;
  }

  /** What the browser keeps of the pages when their windows are closed. */
  async kept(): Promise<unknown> {
    return this.#context.storageState({ indexedDB: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }

  async #close(): Promise<void> {
    const reachable = [this.#origin, ...this.#others];
    const isForeign = (url: URL) => !reachable.includes(url.origin.replace(/^ws/, "http"));
    await this.#context.route(isForeign, async (route) => {
      this.offences.push(`request to ${route.request().url()}`);
      await route.abort();
    });
    await this.#context.routeWebSocket(isForeign, async (socket) => {
      this.offences.push(`WebSocket to ${socket.url()}`);
      await socket.close();
    });
  }

  #watch(page: Page): void {
    page.on("pageerror", (error) => this.offences.push(`uncaught ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") this.offences.push(`console: ${message.text()}`);
    });
  }
}
