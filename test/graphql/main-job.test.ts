import { expect, test } from "vitest";
import {
  authenticateMutation,
  credentialEventsSubscription,
  issueAccessMutation,
  viewerQuery,
} from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import type { TestClient } from "../support/test-client.ts";

const transports = {
  WebSocket: (client: TestClient, after: string) => client.subscribeWebSocket(credentialEventsSubscription, { after }),
  SSE: (client: TestClient, after: string) => client.subscribeSse(credentialEventsSubscription, { after }),
};

test.each(Object.entries(transports))(
  "a key is connected, its event arrives over %s, and access is granted",
  async (_name, subscribe) => {
    await using provider = await startMockProvider("anthropic");
    await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
    const client = await server.client("alice");
    const { viewer } = await client.execute(viewerQuery);
    await using events = await subscribe(client, viewer.eventCursor);

    const { authenticate } = await client.execute(authenticateMutation, {
      input: { provider: "anthropic", credential: { apiKey: provider.key } },
    });
    expect(authenticate).toMatchObject({
      __typename: "AuthenticatePayload",
      credential: { status: "ACTIVE", method: "API_KEY", label: "default", last4: provider.key.slice(-4) },
    });

    const event = await events.next();
    expect(event.data?.credentialEvents).toMatchObject({
      __typename: "CredentialStored",
      provider: { name: "anthropic" },
      credential: { status: "ACTIVE", last4: provider.key.slice(-4) },
    });

    const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: "anthropic" } });
    if (issueAccess.__typename !== "IssueAccessPayload") throw new Error(issueAccess.message);
    const { grant } = issueAccess;
    const answer = await fetch(`${grant.baseUrl}/v1/models`, {
      headers: grant.headers.map(({ name, value }) => [name, value] as [string, string]),
    });
    expect(answer.status).toBe(200);
  },
);
