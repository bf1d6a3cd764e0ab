import { expect, test } from "vitest";
import { startSandboxServer } from "./sandbox-server.ts";

const names = [
  "WhoAmI",
  "WatchEvents",
  "ConnectByOAuth",
  "ConnectByApiKey",
  "StartSession",
  "IssueAccess",
  "ReadAnError",
];

test("the tabs are numbered, and each runs unedited", async () => {
  await using started = await startSandboxServer();
  const { browser } = started;
  const window = await browser.openGraphiQL();
  expect(await window.tabs()).toEqual(names.map((name, index) => `${index + 1} ${name}`));

  await window.run();
  await window.see('"userId": "developer"');

  await window.click("WatchEvents");
  await window.run();
  await expect.poll(() => window.liveState()).toContain("WatchEvents is running");

  await window.click("ConnectByOAuth");
  await window.run();
  await window.see('"__typename": "InitiateOAuthPayload"');
  await window.see('"kind": "REDIRECT"');

  await window.click("ConnectByApiKey");
  await window.run();
  await window.see('"__typename": "AuthenticatePayload"');
  await window.see('"status": "ACTIVE"');

  await window.click("StartSession");
  await window.run();
  await window.see('"__typename": "StartSessionPayload"');
  await window.see('"status": "AUTHENTICATED"');

  await window.click("IssueAccess");
  await window.run();
  await window.see('"__typename": "IssueAccessPayload"');
  await window.see('"value": "Bearer sandbox-key-one"');

  await window.click("ReadAnError");
  await window.run();
  await window.see('"__typename": "ProviderNotFoundError"');
  await window.see('"code": "PROVIDER_NOT_FOUND"');
  expect(browser.offences).toEqual([]);
});

test("tab 2 running, tab 5 run: the events appear, in the same window", async () => {
  await using started = await startSandboxServer();
  const { browser } = started;
  const window = await browser.openGraphiQL();
  expect(await window.events()).toEqual([]);
  await window.click("WatchEvents");
  await window.run();
  await window.click("StartSession");
  await window.run();
  await expect
    .poll(() => window.events(), { timeout: 30_000 })
    .toEqual([
      expect.stringMatching(/^ActiveProviderChanged .*label GraphiQL · provider sandbox · model sandbox-echo$/),
      expect.stringMatching(/^SessionStarted .*label GraphiQL/),
      expect.stringMatching(/^CredentialStored .*provider sandbox · label second · status ACTIVE · last4 -two$/),
    ]);

  // GraphiQL's own pane has kept what came while its tab was open; the strip goes on until it is told to stop.
  expect(await window.liveState()).toContain("is running");
  await window.click("Stop watching");
  await expect.poll(() => window.liveState()).toBe("WatchEvents has ended.");
  await window.run();
  await window.see('"__typename": "StartSessionPayload"');
  expect(await window.events()).toHaveLength(3);
  expect(browser.offences).toEqual([]);
});

test("GraphiQL's own button ends a subscription for the strip too, and a new run takes the place of the old", async () => {
  await using started = await startSandboxServer();
  const { browser } = started;
  const window = await browser.openGraphiQL();
  await window.click("WatchEvents");
  await window.run();
  await expect.poll(() => window.liveState()).toContain("is running");
  await window.stop();
  await expect.poll(() => window.liveState()).toBe("WatchEvents has ended.");

  await window.run();
  await window.click("WhoAmI");
  await window.click("WatchEvents");
  await window.run();
  await window.click("StartSession");
  await window.run();
  await window.see('"__typename": "StartSessionPayload"');
  await expect.poll(async () => (await window.events()).length, { timeout: 30_000 }).toBe(3);
  expect(browser.offences).toEqual([]);
});
