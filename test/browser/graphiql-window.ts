import type { Locator, Page, Response } from "playwright-core";

type Pane = "operation.graphql" | "variables.json" | "request-headers.json" | "response.json";

/**
 * Runs in the page before its own scripts, and keeps count of delays. GraphiQL takes notice of an edit,
 * or of another tab, 100 ms later, and nothing on the page tells when: until then it would run the operation of
 * the tab before.
 */
const countDelays = `{
  const { setTimeout, clearTimeout } = window;
  const pending = new Set();
  window.setTimeout = (callback, delay = 0, ...parameters) => {
    const id = setTimeout(() => {
      pending.delete(id);
      callback(...parameters);
    }, delay);
    if (delay <= 500) pending.add(id);
    return id;
  };
  window.clearTimeout = (id) => {
    pending.delete(id);
    clearTimeout(id);
  };
  window.delaysOver = async () => {
    while (pending.size > 0) await new Promise(requestAnimationFrame);
  };
}`;

/** What a person sees of GraphiQL, and does with it. */
export class GraphiQLWindow {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** Resolves once the page has read the schema. */
  static async open(page: Page, origin: string): Promise<GraphiQLWindow> {
    await page.addInitScript({ content: countDelays });
    const schemaRead = page.waitForResponse(
      async (response) => response.request().method() === "POST" && (await response.text()).includes("__schema"),
    );
    await page.goto(`${origin}/graphql`);
    const window = new GraphiQLWindow(page);
    await Promise.all([schemaRead, window.#pane("response.json").waitFor()]);
    await window.#settle();
    return window;
  }

  get address(): string {
    return this.#page.url();
  }

  async title(): Promise<string> {
    return this.#page.title();
  }

  /** The tabs as a person reads them: the numbers are in the style of the page. */
  async tabs(): Promise<string[]> {
    const session = await this.#page.context().newCDPSession(this.#page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    const names = nodes.filter(({ role }) => role?.value === "button").map(({ name }) => String(name?.value));
    return names.filter((name) => /^\d \w+$/.test(name));
  }

  /** Clicks on what is called `name`: a tab without its number, or the head of a pane. */
  async click(name: string): Promise<void> {
    await this.#page.getByRole("button", { name: new RegExp(`^(.* )?${name}$`) }).click();
    await this.#settle();
  }

  /** Pastes over what stands under "Variables": typed, a quote or a brace would be doubled. */
  async setVariables(variables: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#pane("variables.json").click();
    await this.#page.keyboard.press("ControlOrMeta+A");
    await this.#page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(JSON.stringify(variables))})`);
    await this.#page.keyboard.press("ControlOrMeta+V");
    await this.#settle();
  }

  /** Runs the tab's operation. Resolves once the server has begun to answer: no later event is then missed. */
  async run(): Promise<Response> {
    const answered = this.#page.waitForResponse((response) => response.request().method() === "POST");
    const [answer] = await Promise.all([answered, this.#page.getByRole("button", { name: /^Execute query/ }).click()]);
    return answer;
  }

  /** Ends the running subscription by GraphiQL's own button. */
  async stop(): Promise<void> {
    await this.#page.getByRole("button", { name: /^Stop query/ }).click();
  }

  /** Waits until the running operation has ended, or been ended. */
  async untilIdle(): Promise<void> {
    await this.#page.getByRole("button", { name: /^Execute query/ }).waitFor();
  }

  /** Waits until a line with the text stands in the pane. */
  async see(text: string, pane: Pane = "response.json"): Promise<void> {
    await this.#pane(pane).locator(".view-line").filter({ hasText: text }).first().waitFor();
  }

  /** The text of a field in the response. */
  async read(field: string): Promise<string> {
    await this.see(`"${field}": "`);
    const text = await this.#pane("response.json").locator(".view-lines").innerText();
    return new RegExp(`"${field}":\\s"([^"]*)"`).exec(text)![1]!;
  }

  /** The lines of the strip at the foot of the page, the latest first, each beginning with the event's type. */
  async events(): Promise<string[]> {
    const texts = await this.#page.locator(".live-strip li").allInnerTexts();
    return texts.map((text) => text.split("\n").slice(1).join(" "));
  }

  /** What the strip says of the subscription. */
  async liveState(): Promise<string> {
    return this.#page.locator(".live-strip p span").innerText();
  }

  #pane(pane: Pane): Locator {
    return this.#page.locator(`.monaco-editor[data-uri$="-${pane}"]`);
  }

  async #settle(): Promise<void> {
    await this.#page.evaluate("delaysOver()");
  }
}
