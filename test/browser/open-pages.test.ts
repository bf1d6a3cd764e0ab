import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { startTestApp, type TestApp } from "../support/test-app.ts";
import { ClosedBrowser } from "./closed-browser.ts";
import { GraphiQLWindow } from "./graphiql-window.ts";
import { freePort } from "./popup-stage.ts";

const anotherSecret = "another secret of at least 32 bytes, surely";

/** A server that can be ended and started again at the same address, with other settings. */
async function startStage() {
  await using stack = new AsyncDisposableStack();
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const place = { PORT: String(port), PUBLIC_URL: origin, SANDBOX: "false" };
  let server: TestApp | null = await startTestApp({ environment: place });
  const end = async () => {
    await server?.[Symbol.asyncDispose]();
    server = null;
  };
  stack.defer(end);
  const browser = stack.use(await ClosedBrowser.launch(origin));
  const parts = stack.move();
  return {
    origin,
    browser,
    restart: async (environment: Readonly<Record<string, string>>) => {
      await end();
      server = await startTestApp({ environment: { ...place, ...environment } });
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Collects the status of each answer of the API from now on. */
function statuses(page: Page): number[] {
  const seen: number[] = [];
  page.on("response", (response) => {
    if (response.request().method() === "POST") seen.push(response.status());
  });
  return seen;
}

const connected = (page: Page) => page.getByText("Connected. One stream of your events").waitFor();

test("the landing page gets a new token by itself after the server has restarted with another secret", async () => {
  await using stage = await startStage();
  const { browser, origin } = stage;
  const page = await browser.open(origin);
  await connected(page);
  const seen = statuses(page);
  await stage.restart({ AUTH_JWT_SECRET: anotherSecret });

  await expect.poll(() => seen.includes(200)).toBe(true);
  await connected(page);
  expect(await page.getByRole("alert").isVisible()).toBe(false);
  // Its two parts may both have asked with the old token.
  expect(seen.filter((status) => status === 401).length).toBeLessThanOrEqual(2);
});

test("where the restarted server gives no token, the landing page says so, how to go on, and asks no more", async () => {
  await using stage = await startStage();
  const { browser, origin } = stage;
  const page = await browser.open("about:blank");
  await page.clock.install();
  await page.goto(origin);
  await connected(page);
  const seen = statuses(page);
  await stage.restart({ AUTH_JWT_SECRET: anotherSecret, DEVELOPMENT_TOKEN: "nobody" });

  const notice = page.getByRole("alert");
  await expect
    .poll(async () => {
      await page.clock.runFor(10_000);
      return notice.isVisible();
    })
    .toBe(true);
  expect(await notice.innerText()).toMatch(/This page has stopped asking the server\..*Reload this page/s);
  expect(await page.getByText("No longer updated.").count()).toBe(2);
  const asked = seen.length;
  await page.clock.runFor(600_000);
  expect(seen.length).toBe(asked);
  expect(seen.filter((status) => status === 401).length).toBeLessThanOrEqual(2);

  await page.getByRole("button", { name: "Reload this page" }).click();
  await page.getByRole("heading", { name: "On this server" }).waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
});

test("GraphiQL runs with a new token after the server has restarted with another secret", async () => {
  await using stage = await startStage();
  const { browser, origin } = stage;
  const page = await browser.open("about:blank");
  const graphiql = await GraphiQLWindow.open(page, origin);
  await stage.restart({ AUTH_JWT_SECRET: anotherSecret });
  await graphiql.run();
  expect(await graphiql.read("userId")).toBe("developer");
  await page.getByText("so the page got a new one").waitFor();
});

test("where the restarted server gives no token, GraphiQL shows the refusal, and its foot says how to go on", async () => {
  await using stage = await startStage();
  const { browser, origin } = stage;
  const page = await browser.open("about:blank");
  const graphiql = await GraphiQLWindow.open(page, origin);
  await stage.restart({ AUTH_JWT_SECRET: anotherSecret, DEVELOPMENT_TOKEN: "nobody" });
  await graphiql.run();
  await page.getByText("The server gives this page no new token").waitFor();
  await graphiql.see("UNAUTHENTICATED");
  expect(await graphiql.liveState()).toContain("maestro-auth token");
});
