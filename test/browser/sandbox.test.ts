import { expect, test } from "vitest";
import { startSandboxServer } from "./sandbox-server.ts";

interface Answer {
  readonly data: { readonly initiateOAuth: { readonly flow: { readonly authorizationUrl: string } } };
}

test("a person without any account connects by OAuth from GraphiQL", async () => {
  await using started = await startSandboxServer();
  const { browser } = started;
  const window = await browser.openGraphiQL();
  await window.click("ConnectByOAuth");
  // The pane breaks the long line into several, so the URL is taken from the answer.
  const { data } = (await (await window.run()).json()) as Answer;
  const page = await browser.open(data.initiateOAuth.flow.authorizationUrl);
  await page.getByRole("heading", { name: "Allow Maestro Auth?" }).waitFor();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByRole("heading", { name: "Connected", exact: true }).waitFor();

  await window.click("WhoAmI");
  await window.run();
  await window.see('"method": "OAUTH"');
  await window.see('"name": "sandbox"');
  expect(browser.offences).toEqual([]);
});

test("the switches are buttons, and what they did is seen", async () => {
  await using started = await startSandboxServer();
  const { browser, sandboxUrl } = started;
  const page = await browser.open(sandboxUrl);
  await page.getByText("Outage: off").waitFor();
  await page.getByRole("button", { name: "Begin an outage" }).click();
  await page.getByText("Outage: on").waitFor();
  await page.getByRole("button", { name: "Revoke all tokens" }).click();
  await page.getByText("Sign-ins: 0").waitFor();
  expect(browser.offences).toEqual([]);
});
