import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
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
  readonly #context: Promise<BrowserContext>;

  private constructor(origin: string, others: readonly string[], browser: Browser) {
    this.#origin = origin;
    this.#others = others;
    this.#browser = browser;
    this.#context = this.#newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  }

  static async launch(origin: string, others: readonly string[] = []): Promise<ClosedBrowser> {
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: launchArguments });
    const closed = new ClosedBrowser(origin, others, browser);
    await closed.#context;
    return closed;
  }

  /** A window of its own on GraphiQL, ready for use. */
  async openGraphiQL(): Promise<GraphiQLWindow> {
    return GraphiQLWindow.open(await (await this.#context).newPage(), this.#origin);
  }

  /** A window of its own on any page that the browser reaches. */
  async open(url: string): Promise<Page> {
    const page = await (await this.#context).newPage();
    await page.goto(url);
    return page;
  }

  /** The same for a reader of another kind: on a phone, in the dark, without JavaScript. */
  async openAs(reader: BrowserContextOptions, url: string): Promise<Page> {
    const page = await (await this.#newContext(reader)).newPage();
    await page.goto(url);
    return page;
  }

  /** What the browser keeps of the pages when their windows are closed. */
  async kept(): Promise<unknown> {
    return (await this.#context).storageState({ indexedDB: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }

  async #newContext(options: BrowserContextOptions): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ serviceWorkers: "block", ...options });
    context.setDefaultTimeout(deadline);
    await this.#close(context);
    // Of all its pages, also of those that others open.
    context.on("weberror", (error) => this.offences.push(`uncaught ${error.error().message}`));
    context.on("console", (message) => {
      if (message.type() === "error") this.offences.push(`console: ${message.text()}`);
    });
    return context;
  }

  async #close(context: BrowserContext): Promise<void> {
    const reachable = [this.#origin, ...this.#others];
    const isForeign = (url: URL) => !reachable.includes(url.origin.replace(/^ws/, "http"));
    await context.route(isForeign, async (route) => {
      this.offences.push(`request to ${route.request().url()}`);
      await route.abort();
    });
    await context.routeWebSocket(isForeign, async (socket) => {
      this.offences.push(`WebSocket to ${socket.url()}`);
      await socket.close();
    });
  }
}
