import type { Database } from "../../../src/db/database.ts";
import type { CompleteOAuthInput, InitiateOAuthInput } from "../../client/gql/graphql.ts";
import { completeOAuthMutation, initiateOAuthMutation, oauthFlowSubscription } from "../../client/operations.ts";
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from "../../support/authorization-server.ts";
import { Browser } from "../../support/authorization-server/browser.ts";
import type { AuthorizationServerKind } from "../../support/authorization-server/dialect.ts";
import { type MockProvider, startMockProvider } from "../../support/mock-provider.ts";
import { startTestApp, type TestApp, type TestAppOptions } from "../../support/test-app.ts";
import type { TestClient } from "../../support/test-client.ts";
import { createTestDatabase } from "../../support/test-database.ts";

export const publicUrl = "https://app.example.test";

export interface OAuthStageOptions extends TestAppOptions, AuthorizationServerOptions {
  /** The provider that uses the vendor's authorization server; the vendor's own unless another is given. */
  readonly provider?: string;
}

/** A server whose operator has registered it with one vendor, the vendor's authorization server and its API. */
export interface OAuthStage extends TestApp {
  readonly vendor: AuthorizationServer;
  readonly api: MockProvider;
  readonly database: Database;
}

export async function setOAuthStage(
  kind: AuthorizationServerKind,
  { environment, provider = kind, ...options }: OAuthStageOptions = {},
): Promise<OAuthStage> {
  const [vendor, api, database] = await Promise.all([
    startAuthorizationServer(kind, options),
    startMockProvider(kind),
    options.database ?? createTestDatabase(),
  ]);
  const server = await startTestApp({
    ...options,
    database,
    environment: {
      PUBLIC_URL: publicUrl,
      ...vendor.environment(provider),
      [`${provider.toUpperCase()}_API_BASE_URL`]: api.baseUrl,
      ...environment,
    },
  });
  return {
    ...server,
    vendor,
    api,
    database,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await vendor[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

export async function initiate(client: TestClient, input: InitiateOAuthInput) {
  return (await client.execute(initiateOAuthMutation, { input })).initiateOAuth;
}

/** A flow that must begin. */
export async function begin(client: TestClient, provider: string, input: Partial<InitiateOAuthInput> = {}) {
  const result = await initiate(client, { ...input, provider });
  if (result.__typename !== "InitiateOAuthPayload") throw new Error(result.message);
  return result.flow;
}

/** A flow whose user has consented, or declined, and where the browser was sent then. */
export async function consent(client: TestClient, provider: string, input: Partial<InitiateOAuthInput> = {}) {
  const flow = await begin(client, provider, input);
  const callback = await new Browser().authorize(flow.authorizationUrl!);
  const parameter = (name: string) => callback.searchParams.get(name) ?? "";
  const answer = { code: parameter("code"), state: parameter("state"), issuer: callback.searchParams.get("iss") };
  return { flow, callback, answer };
}

export async function complete(client: TestClient, input: CompleteOAuthInput) {
  return (await client.execute(completeOAuthMutation, { input })).completeOAuth;
}

/** A flow from its beginning to a stored credential. */
export async function signIn(client: TestClient, provider: string, input: Partial<InitiateOAuthInput> = {}) {
  const { answer } = await consent(client, provider, input);
  const result = await complete(client, { code: answer });
  if (result.__typename !== "CompleteOAuthPayload") throw new Error(result.message);
  return result.credential;
}

/** A flow as it is told to somebody who comes to it later. */
export async function readFlow(client: TestClient, id: string) {
  await using subscription = await client.subscribeSse(oauthFlowSubscription, { id });
  const { data, errors } = await subscription.next();
  if (data == null) throw new Error(JSON.stringify(errors));
  return data.oauthFlow;
}

/** Whole tables as texts; bytes are hexadecimal in them. */
export async function dump(database: Database, ...tables: string[]): Promise<string[]> {
  const rows = await Promise.all(
    tables.map((table) =>
      database.em().execute<{ row: string }[]>(`select to_jsonb(t)::text as row from ${table} t order by 1`),
    ),
  );
  return rows.flat().map(({ row }) => row);
}

/** The authorization codes that were sent to the token endpoint. */
export function exchangedCodes({ requests }: AuthorizationServer): (string | undefined)[] {
  return requests.flatMap(({ body }) => (body["grant_type"] === "authorization_code" ? [body["code"]] : []));
}
