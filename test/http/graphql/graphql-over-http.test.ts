import { type AuditResult, serverAudits } from "graphql-http";
import { expect, test } from "vitest";
import { startTestApp, type TestApp } from "../../support/test-app.ts";

/** What each audit of the GraphQL over HTTP specification found. */
async function audit(server: TestApp): Promise<AuditResult[]> {
  const authorization = `Bearer ${await server.token("alice")}`;
  const audits = serverAudits({
    url: `${server.baseUrl}/graphql`,
    fetchFn: (url: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", authorization);
      return fetch(url, { ...init, headers });
    },
  });
  const results: AuditResult[] = [];
  for (const { fn } of audits) results.push(await fn());
  return results;
}

function shortfalls(results: readonly AuditResult[]): string[] {
  return results.filter(({ status }) => status !== "ok").map(({ id, status, name }) => `${id} ${status}: ${name}`);
}

test("where GET is switched on all 61 audits of GraphQL over HTTP pass", async () => {
  await using server = await startTestApp({ environment: { GET_QUERIES: "true" } });
  const results = await audit(server);
  expect(results).toHaveLength(61);
  expect(shortfalls(results)).toEqual([]);
  expect(server.logs).toEqual([]);
});

test("without GET only the audits of GET, which the specification leaves open, do not pass", async () => {
  await using server = await startTestApp();
  const results = await audit(server);
  expect(results).toHaveLength(61);
  expect(shortfalls(results)).toEqual([
    "5A70 notice: MAY accept application/x-www-form-urlencoded formatted GET requests",
    "D6D5 notice: MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/graphql-response+json",
    "6A70 notice: MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json",
  ]);
});
