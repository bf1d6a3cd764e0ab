import { expect, test } from "vitest";
import { tokenInPage } from "../../../../src/http/pages/browser/page-token.js";
import { startTestApp } from "../../../support/test-app.ts";
import { read } from "../page-visit.ts";

test("a page that is loaded again holds its token where the page looks for it, or none", async () => {
  await using server = await startTestApp();
  for (const path of ["/", "/graphql"]) {
    const token = tokenInPage(await read(server.baseUrl + path));
    const authorization = `Bearer ${token}`;
    const answer = await fetch(`${server.baseUrl}/graphql`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ query: "{ viewer { userId } }" }),
    });
    expect(await answer.json()).toEqual({ data: { viewer: { userId: "developer" } } });
  }
  await using closed = await startTestApp({ environment: { DEVELOPMENT_TOKEN: "nobody" } });
  for (const path of ["/", "/graphql"]) expect(tokenInPage(await read(closed.baseUrl + path))).toBeNull();
});
