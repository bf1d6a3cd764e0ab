import { expect, test } from "vitest";
import { authenticateMutation, viewerQuery } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { ExampleProcess, runProgram, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { fillDataFolder } from "../support/test-database.ts";

test("the examples run as they stand: one sees the event, the other calls the provider with the headers", async () => {
  await using folder = await temporaryFolder();
  await fillDataFolder(folder.path);
  await using provider = await startMockProvider("anthropic");
  await using server = await ServerProcess.start({ DATA_DIR: folder.path, ANTHROPIC_API_BASE_URL: provider.baseUrl });
  const { eventCursor } = (await server.client().execute(viewerQuery)).viewer;
  const environment = { MAESTRO_URL: `${server.baseUrl}/graphql`, TOKEN: server.token };
  const input = { provider: "anthropic", credential: { apiKey: provider.key } };
  await server.client().execute(authenticateMutation, { input });

  await using subscriber = new ExampleProcess("test/examples/subscribe.ts", { ...environment, AFTER: eventCursor });
  expect(await subscriber.nextOutput()).toMatch(/"__typename":"CredentialStored".*"status":"ACTIVE"/);

  const { code, output } = await runProgram("test/examples/typed-client.ts", [], environment);
  expect(output).toMatch(/^200 .*"data":\[/);
  expect(code).toBe(0);
});
