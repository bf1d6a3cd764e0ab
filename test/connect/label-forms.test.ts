import { expect, test } from "vitest";
import {
  authenticateMutation,
  credentialsQuery,
  issueAccessMutation,
  startSessionMutation,
} from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import type { TestClient } from "../support/test-client.ts";

/** Texts that are the same to a person and canonically equivalent, and not the same to a computer. */
const forms = [
  ["a letter with a mark", "Zo\u00eb", "Zoe\u0308"],
  ["a sign that is a letter", "\u212bngstr\u00f6m", "\u00c5ngstr\u00f6m"],
  ["Hangul", "업무", "업무".normalize("NFD")],
  ["marks in another order", "q\u0307\u0323", "q\u0323\u0307"],
  ["a letter that is never composed", "\u0958", "\u0915\u093c"],
] as const;

const labelledQuery = `query ($label: String) { viewer { credential(provider: "anthropic", label: $label) { id label } } }`;

async function connect(client: TestClient, label: string, apiKey: string) {
  const input = { provider: "anthropic", label, credential: { apiKey } };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
  return authenticate.credential;
}

test.each(forms)(
  "%s names one credential in both of its forms, and is kept as it was written",
  async (_n, one, two) => {
    await using provider = await startMockProvider("anthropic");
    await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
    const client = await server.client("alice");
    const other = "sk-ant-api03-another-key-that-is-accepted-0000";
    provider.validKeys.add(other);
    const first = await connect(client, one, provider.key);
    expect(first.label).toBe(one);
    const again = await connect(client, two, other);
    expect(again).toMatchObject({ id: first.id, label: one });
    const { viewer } = await client.execute(credentialsQuery, { first: 10 });
    expect(viewer.credentials.nodes).toHaveLength(1);

    for (const label of [one, two]) {
      const read = await client.post({ query: labelledQuery, variables: { label } });
      expect(await read.json()).toEqual({ data: { viewer: { credential: { id: first.id, label: one } } } });
      const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: "anthropic", label } });
      expect(JSON.stringify(issueAccess)).toContain(other);
      const activeProvider = { provider: "anthropic", label };
      const { startSession } = await client.execute(startSessionMutation, { input: { activeProvider } });
      expect(startSession).toMatchObject({ session: { activeProvider: { status: "AUTHENTICATED" } } });
      const sessionId = (startSession as { session: { id: string } }).session.id;
      const used = await client.execute(issueAccessMutation, { input: { sessionId } });
      expect(JSON.stringify(used.issueAccess)).toContain(other);
    }
    // Several that ask at once share another statement.
    const shared = await Promise.all(
      forms.flatMap(([, ...labels]) =>
        labels.map((label) => client.execute(issueAccessMutation, { input: { provider: "anthropic", label } })),
      ),
    );
    const found = shared.filter(({ issueAccess }) => issueAccess.__typename === "IssueAccessPayload");
    expect(found).toHaveLength(2);
  },
);

test("labels that only look alike are two", async () => {
  await using provider = await startMockProvider("anthropic");
  await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  const client = await server.client("alice");
  const ids = new Set<string>();
  for (const label of ["fi", "ﬁ", "Fi"]) ids.add((await connect(client, label, provider.key)).id);
  expect(ids.size).toBe(3);
});
