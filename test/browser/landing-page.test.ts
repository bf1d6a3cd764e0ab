import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { authenticateMutation } from "../client/operations.ts";
import { measureContrast } from "./contrast.ts";
import { startSandboxServer } from "./sandbox-server.ts";

/** Presses the button. @returns the window of the provider that it opens. */
async function begin(page: Page): Promise<Page> {
  const opened = page.waitForEvent("popup");
  await page.getByRole("button", { name: "Connect the sandbox" }).click();
  const popup = await opened;
  await popup.getByRole("heading", { name: "Allow Maestro Auth?" }).waitFor();
  return popup;
}

/** Where each step of the walk stands. */
async function steps(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll(".steps li")].map((step) => step.dataset.state)`);
}

/** In CSS pixels. The window's own width says nothing: on a phone it grows with what is too wide. */
const widthOf = (page: Page) => page.evaluate<number>("document.documentElement.scrollWidth");

test("a newcomer connects the sandbox by one button, and watches its token being renewed", async () => {
  await using started = await startSandboxServer();
  const { browser, origin, server } = started;
  const page = await browser.open(origin);
  const popup = await begin(page);
  await expect.poll(() => steps(page)).toEqual(["done", "now", "todo", "todo", "todo"]);
  const closed = popup.waitForEvent("close");
  await popup.getByRole("button", { name: "Allow" }).click();

  await expect.poll(() => steps(page), { timeout: 30_000 }).toEqual(["done", "done", "done", "done", "now"]);
  await page.getByText("you@sandbox.example").waitFor();
  await page.getByText("openid, email, models:read").waitFor();
  await page.getByRole("log").getByText("CredentialStored").waitFor();
  await page.getByText(/^Bearer .{4}….{4}$/).waitFor();
  await closed;
  const sandbox = page.locator("#providers li").filter({ hasText: "Sandbox" });
  await sandbox.getByText("answers").waitFor();

  await page.getByText(/^Renewed at \d\d:\d\d:\d\d\. Nobody asked\.$/).waitFor();
  expect(await steps(page)).toEqual(["done", "done", "done", "done", "done"]);
  await page.getByRole("log").getByText("TokenRefreshed").waitFor();
  expect(browser.offences).toEqual([]);
  expect(server.logs.filter((line) => line.includes('"level":50'))).toEqual([]);
});

test("who says no at the provider is told so, and can begin again", async () => {
  await using started = await startSandboxServer();
  const { browser, origin } = started;
  const page = await browser.open(origin);
  await (await begin(page)).getByRole("button", { name: "Deny" }).click();
  await expect.poll(() => steps(page), { timeout: 30_000 }).toEqual(["done", "failed", "todo", "todo", "todo"]);
  await page.getByRole("status").getByText("Failed: You consent at the provider").waitFor();
  await page.getByRole("button", { name: "Connect again" }).click();
  await expect.poll(() => steps(page)).toEqual(["done", "now", "todo", "todo", "todo"]);
  expect(browser.offences).toEqual([]);
});

test("under the address 127.0.0.1 the callback hands the code over, and the page ends the flow", async () => {
  await using started = await startSandboxServer();
  const { browser, origin } = started;
  const page = await browser.open(origin.replace("localhost", "127.0.0.1"));
  await (await begin(page)).getByRole("button", { name: "Allow" }).click();
  await expect.poll(() => steps(page), { timeout: 30_000 }).toEqual(["done", "done", "done", "done", "now"]);
  expect(browser.offences).toEqual([]);
});

test("where no window opens, the page has the address as a link", async () => {
  await using started = await startSandboxServer();
  const { browser, origin } = started;
  const page = await browser.open(origin);
  await page.evaluate("void (window.open = () => null)");
  await page.getByRole("button", { name: "Connect the sandbox" }).click();
  const opened = page.waitForEvent("popup");
  await page.getByRole("link", { name: "Open the consent page" }).click();
  await (await opened).getByRole("button", { name: "Allow" }).click();
  await expect.poll(() => steps(page), { timeout: 30_000 }).toEqual(["done", "done", "done", "done", "now"]);
  expect(browser.offences).toEqual([]);
});

test("the state of the providers follows what happens, and a lost server is said to be lost", async () => {
  await using started = await startSandboxServer();
  const { browser, origin, server } = started;
  const page = await browser.open(origin);
  const sandbox = page.locator("#providers li").filter({ hasText: "Sandbox" });
  await sandbox.getByText("not called yet").waitFor();
  const client = await server.client("developer");
  await client.execute(authenticateMutation, { input: { provider: "sandbox", credential: { apiKey: "sandbox-1" } } });
  await sandbox.getByText("answers").waitFor();
  await page.getByRole("log").getByText("Sandbox · API key").waitFor();
  await server.app[Symbol.asyncDispose]();
  const lost = page.getByText("Disconnected. This page reconnects by itself and continues after the last event.");
  await lost.waitFor();
  expect(await lost.count()).toBe(1);
});

test.each(["dark", "light"] as const)(
  "in the %s each text stands out by 4.5 to 1, also after the walk",
  async (scheme) => {
    await using started = await startSandboxServer();
    const { browser, origin } = started;
    const page = await browser.openAs({ colorScheme: scheme, reducedMotion: "reduce" }, origin);
    await (await begin(page)).getByRole("button", { name: "Allow" }).click();
    await page.getByText("good until").waitFor();
    const texts = await measureContrast(page);
    expect(texts.length).toBeGreaterThan(50);
    expect(texts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    const ground = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    expect(ground).toBe(scheme === "dark" ? "rgb(13, 15, 22)" : "rgb(250, 250, 250)");
    expect(browser.offences).toEqual([]);
  },
);

test("on a phone nothing scrolls sideways, before the walk and after it", async () => {
  await using started = await startSandboxServer();
  const { browser, origin } = started;
  const page = await browser.openAs({ viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true }, origin);
  expect(await widthOf(page)).toBe(375);
  await (await begin(page)).getByRole("button", { name: "Allow" }).click();
  await page.getByText("good until").waitFor();
  expect(await widthOf(page)).toBe(375);
  expect(browser.offences).toEqual([]);
});

test("by the keyboard alone: the button is reached, seen to be reached, and pressed", async () => {
  await using started = await startSandboxServer();
  const { browser, origin } = started;
  const page = await browser.open(origin);
  const button = page.getByRole("button", { name: "Connect the sandbox" });
  await button.waitFor();
  const focused = () => page.evaluate<string>("document.activeElement.id");
  for (let presses = 0; (await focused()) !== "begin" && presses < 10; presses++) await page.keyboard.press("Tab");
  expect(await focused()).toBe("begin");
  expect(await page.evaluate<string>("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
  const opened = page.waitForEvent("popup");
  await page.keyboard.press("Enter");
  await (await opened).getByRole("heading", { name: "Allow Maestro Auth?" }).waitFor();
});

test("without JavaScript there are the text, the links and the providers", async () => {
  await using started = await startSandboxServer();
  const { browser, origin } = started;
  const page = await browser.openAs({ javaScriptEnabled: false }, origin);
  await page.getByRole("heading", { name: "Providers" }).waitFor();
  await page.getByText("need JavaScript").waitFor();
  expect(await page.getByRole("button").count()).toBe(0);
  await page.getByRole("heading", { name: "Sandbox" }).first().waitFor();
  await page.getByRole("link", { name: "GraphiQL" }).first().waitFor();
  expect(browser.offences).toEqual([]);
});
