/** `npm run recording`: draws the picture in README.md anew, from the real page of a real server. */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import gifenc from "gifenc";
import type { Page } from "playwright-core";
import { PNG } from "pngjs";
import { createApp } from "../../src/app/app.ts";
import { loadConfig } from "../../src/config/config.ts";
import { loadCatalog } from "../../src/providers/registry.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { ClosedBrowser } from "./closed-browser.ts";
import { GraphiQLWindow } from "./graphiql-window.ts";

const target = fileURLToPath(new URL("recording.gif", import.meta.url));
/** The pages are laid out for this window, and drawn at two thirds of its size. */
const reader = { viewport: { width: 1280, height: 740 }, deviceScaleFactor: 0.66, colorScheme: "light" } as const;
/** Bytes. A picture in a README is loaded by everybody who opens it. */
const maxSize = 1_000_000;
const colours = 64;

/** Pictures of a page, each with the time for which it is shown. */
class Recording {
  readonly #page: Page;
  readonly #frames: { readonly picture: PNG; readonly delay: number }[] = [];

  constructor(page: Page) {
    this.#page = page;
  }

  /** Takes a picture that stays for `delay` milliseconds. */
  async take(delay: number): Promise<void> {
    const picture = PNG.sync.read(await this.#page.screenshot());
    this.#frames.push({ picture, delay });
    process.stdout.write(`  picture ${this.#frames.length}\n`);
  }

  /** Takes a picture with the pointer on a button, whose name begins so. */
  async pointAt(name: RegExp, delay: number): Promise<void> {
    const box = await this.#page.getByRole("button", { name }).boundingBox();
    const [x, y] = [box!.x + box!.width / 2, box!.y + box!.height / 2];
    await this.#page.mouse.move(x, y, { steps: 4 });
    // Screenshots are without the pointer.
    const pointer = `left:${x - 4}px;top:${y - 4}px`;
    await this.#page.evaluate(`document.body.insertAdjacentHTML("beforeend",
      '<svg id="pointer" viewBox="0 0 24 24" style="position:fixed;z-index:9;width:32px;pointer-events:none;${pointer}">' +
      '<path d="M4 2v17l4.5-4 3 7 3-1.3-3-6.7h6z" fill="#111" stroke="#fff" stroke-width="1.5"/></svg>')`);
    await this.take(delay);
    await this.#page.evaluate(`document.getElementById("pointer").remove()`);
  }

  /** All pictures as one that moves, in one palette, so that nothing flickers. */
  encode(): Uint8Array {
    const palette = gifenc.quantize(Buffer.concat(this.#frames.map(({ picture }) => picture.data)), colours);
    const gif = gifenc.GIFEncoder();
    for (const { picture, delay } of this.#frames) {
      const index = gifenc.applyPalette(picture.data, palette);
      gif.writeFrame(index, picture.width, picture.height, { palette, delay });
    }
    gif.finish();
    return gif.bytes();
  }
}

async function startServer(stack: AsyncDisposableStack): Promise<string> {
  const folder = stack.use(await temporaryFolder());
  const catalog = await loadCatalog();
  const config = loadConfig(catalog, { DATA_DIR: folder.path, PORT: "0", SANDBOX: "true" });
  const app = stack.use(await createApp(config, { catalog }));
  return `http://localhost:${await app.listen()}`;
}

async function record(page: Page, origin: string): Promise<Uint8Array> {
  const window = await GraphiQLWindow.open(page, origin);
  const recording = new Recording(page);
  const execute = /^Execute query/;
  await recording.pointAt(/WatchEvents/, 900);
  await window.click("WatchEvents");
  await recording.pointAt(execute, 1_500);
  await window.run();
  await page.getByText("WatchEvents is running").waitFor();
  await recording.take(1_200);
  await recording.pointAt(/StartSession/, 900);
  await window.click("StartSession");
  await recording.pointAt(execute, 1_500);
  await window.run();
  await page.locator(".live-strip").getByText("ActiveProviderChanged").waitFor();
  // The new lines are bright at first.
  await recording.take(700);
  await window.see('"__typename": "StartSessionPayload"');
  await recording.take(5_000);
  return recording.encode();
}

await using stack = new AsyncDisposableStack();
const origin = await startServer(stack);
const browser = stack.use(await ClosedBrowser.launch(origin));
const gif = await record(await browser.openAs(reader, "about:blank"), origin);
if (browser.offences.length > 0) throw new Error(browser.offences.join("\n"));
if (gif.length > maxSize) throw new Error(`The picture has ${gif.length} bytes; ${maxSize} are the limit.`);
await writeFile(target, gif);
process.stdout.write(`${target}: ${gif.length} bytes\n`);
