import { expect, test } from "vitest";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { ClosedBrowser } from "./closed-browser.ts";

/** A server whose Anthropic is a local one, and a browser that reaches nothing else. */
async function start() {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(await startMockProvider("anthropic"));
  const server = stack.use(await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } }));
  const browser = stack.use(await ClosedBrowser.launch(server.baseUrl.replace("127.0.0.1", "localhost")));
  const parts = stack.move();
  return { provider, browser, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

test("the page opens with an operation for each step, authorized, and loads nothing from elsewhere", async () => {
  await using started = await start();
  const { browser } = started;
  const window = await browser.openGraphiQL();
  expect(await window.title()).toBe("Maestro Auth");
  expect(await window.tabs()).toEqual(expect.arrayContaining(["1 WhoAmI", "7 ReadAnError"]));
  await window.click("Headers");
  await window.see('"authorization": "Bearer ', "request-headers.json");
  await window.run();
  expect(await window.read("userId")).toBe("developer");
  expect(browser.offences).toEqual([]);
});

test("a person connects a provider, sees the event in a second window, and gets access", async () => {
  await using started = await start();
  const { browser, provider } = started;
  const watching = await browser.openGraphiQL();
  await watching.click("WatchEvents");
  await watching.run();

  const window = await browser.openGraphiQL();
  await window.click("ConnectByApiKey");
  await window.setVariables({ provider: "anthropic", apiKey: provider.key });
  await window.run();
  await window.see('"__typename": "AuthenticatePayload"');
  await watching.see('"__typename": "CredentialStored"');
  await watching.see(`"last4": "${provider.key.slice(-4)}"`);

  await window.click("IssueAccess");
  await window.setVariables({ provider: "anthropic" });
  await window.run();
  await window.see('"name": "x-api-key"');
  // The pane breaks long lines: the key's end stands in the next one.
  await window.see(`"${provider.key.slice(0, 40)}`);
  expect(browser.offences).toEqual([]);
});

test("in one window, `after` brings what happened before", async () => {
  await using started = await start();
  const { browser, provider } = started;
  const window = await browser.openGraphiQL();
  await window.run();
  const after = await window.read("eventCursor");
  await window.click("ConnectByApiKey");
  await window.setVariables({ provider: "anthropic", apiKey: provider.key });
  await window.run();
  await window.see('"__typename": "AuthenticatePayload"');

  await window.click("WatchEvents");
  await window.setVariables({ after });
  await window.run();
  await window.see('"__typename": "CredentialStored"');
  expect(browser.offences).toEqual([]);
});

test("without a sandbox each tab runs too, and says what is missing", async () => {
  await using started = await start();
  const { browser } = started;
  const window = await browser.openGraphiQL();
  for (const [tab, answer] of [
    ["ConnectByOAuth", "MethodUnavailableError"],
    ["ConnectByApiKey", "ValidationError"],
    ["StartSession", "CredentialNotFoundError"],
    ["IssueAccess", "CredentialNotFoundError"],
  ] as const) {
    await window.click(tab);
    await window.run();
    await window.see(`"__typename": "${answer}"`);
  }
  expect(browser.offences).toEqual([]);
});

test("what is typed is kept neither in the browser's storage nor in the address", async () => {
  await using started = await start();
  const { browser, provider } = started;
  const window = await browser.openGraphiQL();
  await window.click("ConnectByApiKey");
  await window.setVariables({ provider: "anthropic", apiKey: provider.key });
  await window.run();
  await window.see('"__typename": "AuthenticatePayload"');
  await window.click("IssueAccess");
  expect(new URL(window.address).search).toBe("");
  expect(await browser.kept()).toEqual({ cookies: [], origins: [] });
});
