import type { Database } from "../../src/db/database.ts";
import { decodeUuidNodeId, encodeNodeId } from "../../src/graphql/node-id.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { AuthenticateInput, IssueAccessInput, SetActiveProviderInput } from "../client/gql/graphql.ts";
import {
  authenticateMutation,
  endSessionMutation,
  issueAccessMutation,
  revokeCredentialMutation,
  sessionProviderQuery,
  sessionQuery,
  setActiveProviderMutation,
  startSessionMutation,
  touchSessionMutation,
} from "../client/operations.ts";
import { type OAuthStage, type OAuthStageOptions, setOAuthStage } from "../connect/oauth/oauth-stage.ts";
import type { TestClient } from "../support/test-client.ts";

/** Longer than any test takes, in milliseconds. */
export const never = 3_600_000;

/** Keys of the server's own: with them two more providers can be chosen at once. */
export const ownKeys = { OPENAI_API_KEY: "the-servers-openai-key", GOOGLE_API_KEY: "the-servers-google-key" };

/**
 * A server with Anthropic's API and authorization server; nothing sweeps or refreshes by itself unless it is asked to.
 */
export function setSessionStage(options: OAuthStageOptions = {}): Promise<OAuthStage> {
  return setOAuthStage("anthropic", { refresh: { intervalMs: never }, sweepIntervalMs: never, ...options });
}

/** A clock that stands still until it is moved. */
export class StillClock implements Clock {
  #now = Date.now();

  now(): Date {
    return new Date(this.#now);
  }

  advance(seconds: number): void {
    this.#now += seconds * 1000;
  }
}

/** The id of a session that nobody has. */
export const nobodysSession = () => encodeNodeId("Session", crypto.randomUUID());

export function rowId(sessionId: string): string {
  return decodeUuidNodeId("Session", sessionId)!;
}

export async function startSession(client: TestClient, label: string | null = null): Promise<string> {
  const { startSession: result } = await client.execute(startSessionMutation, { input: { label } });
  if (result.__typename !== "StartSessionPayload") throw new Error(result.message);
  return result.session.id;
}

export async function choose(client: TestClient, sessionId: string, input: Partial<SetActiveProviderInput> = {}) {
  const variables = { input: { provider: "anthropic", ...input, sessionId } };
  return (await client.execute(setActiveProviderMutation, variables)).setActiveProvider;
}

/** The context that a choice, which must succeed, has made the active one. */
export async function chosen(client: TestClient, sessionId: string, input: Partial<SetActiveProviderInput> = {}) {
  const result = await choose(client, sessionId, input);
  if (result.__typename !== "SetActiveProviderPayload") throw new Error(result.message);
  return result.session.activeProvider!;
}

export async function readSession(client: TestClient, id: string) {
  const { session } = (await client.execute(sessionQuery, { id })).viewer;
  if (session == null) throw new Error("no such session");
  return session;
}

export async function readProvider(client: TestClient, id: string, name = "anthropic") {
  return (await client.execute(sessionProviderQuery, { id, name })).viewer.session?.provider ?? null;
}

export async function issue(client: TestClient, input: Partial<IssueAccessInput>) {
  return (await client.execute(issueAccessMutation, { input })).issueAccess;
}

/** A grant that must be given. */
export async function granted(client: TestClient, input: Partial<IssueAccessInput>) {
  const result = await issue(client, input);
  if (result.__typename !== "IssueAccessPayload") throw new Error(result.message);
  return result.grant;
}

/** Connects an API key of Anthropic's. */
export async function connectKey(
  client: TestClient,
  { api }: Pick<OAuthStage, "api">,
  input: Partial<AuthenticateInput> = {},
): Promise<string> {
  const variables = { input: { provider: "anthropic", ...input, credential: { apiKey: api.key } } };
  const { authenticate } = await client.execute(authenticateMutation, variables);
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
  return authenticate.credential.id;
}

export async function touch(client: TestClient, sessionId: string) {
  return (await client.execute(touchSessionMutation, { input: { sessionId } })).touchSession;
}

export async function end(client: TestClient, sessionId: string) {
  return (await client.execute(endSessionMutation, { input: { sessionId } })).endSession;
}

export async function revoke(client: TestClient, credentialId: string) {
  return (await client.execute(revokeCredentialMutation, { input: { credentialId } })).revokeCredential;
}

interface StoredEvent {
  readonly type: string;
  readonly sessionId?: string;
  readonly from?: string | null;
  readonly to?: string | null;
}

/** All that a user has been told, as it was committed. */
export async function eventsOf({ database }: { readonly database: Database }, user: string): Promise<StoredEvent[]> {
  const rows = await database
    .em()
    .execute<{ type: string; body: string }[]>(
      "select type, body::text as body from events where user_id = ? order by seq",
      [user],
    );
  return rows.map(({ type, body }) => ({ type, ...(JSON.parse(body) as Omit<StoredEvent, "type">) }));
}

/** The types alone, of one session where one is given. */
export async function eventTypes(
  stage: { readonly database: Database },
  user: string,
  sessionId?: string,
): Promise<string[]> {
  const events = await eventsOf(stage, user);
  const own = sessionId === undefined ? events : events.filter((event) => event.sessionId === rowId(sessionId));
  return own.map(({ type }) => type);
}
