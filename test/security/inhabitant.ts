import type { GraphQLSchema } from "graphql";
import { viewerQuery } from "../client/operations.ts";
import { consent, type OAuthStage, signIn } from "../connect/oauth/oauth-stage.ts";
import { ProtocolSocket } from "../http/websocket/protocol-socket.ts";
import { chosen, connectKey, granted, startSession } from "../sessions/session-stage.ts";
import type { TestClient } from "../support/test-client.ts";
import { operationsOf, type Position, type SchemaOperation } from "./schema-operations.ts";
import { decoded } from "./twin.ts";

/** A user who has something of each kind, and the ids of it. */
export interface Inhabitant {
  readonly userId: string;
  readonly client: TestClient;
  /** What a well-meant operation of this user says at a place of this name. */
  readonly values: Readonly<Record<string, string>>;
  /** Every text that the API has told this user, by the place where it stood. */
  readonly told: ReadonlyMap<string, string>;
}

/** An answer's texts with their places, such as `Credential.id`. */
function* texts(value: unknown, owner: string, name: string): Generator<[place: string, text: string]> {
  if (typeof value === "string") yield [`${owner}.${name}`, value];
  if (typeof value !== "object" || value === null) return;
  const { __typename } = value as { __typename?: string };
  const inside = Array.isArray(value) ? owner : (__typename ?? owner);
  for (const [key, inner] of Object.entries(value)) {
    if (key !== "__typename") yield* texts(inner, inside, Array.isArray(value) ? name : key);
  }
}

/** Dates say nothing of anybody; a text of fewer letters stands everywhere by chance. */
function isTelling(text: string): boolean {
  return text.length >= 4 && !/^\d{4}-\d\d-\d\dT/.test(text);
}

/** Everything that the schema lets a user read, and all that has happened to the user so far. */
async function readAll(
  schema: GraphQLSchema,
  { userId, values }: Pick<Inhabitant, "userId" | "values">,
  stage: Settlement,
  client: TestClient,
): Promise<Map<string, string>> {
  const told = new Map<string, string>();
  const keep = (answer: unknown) => {
    for (const [place, text] of texts(answer, "", "")) if (isTelling(text) && !told.has(place)) told.set(place, text);
  };
  const operations = operationsOf(schema);
  for (const operation of operations.filter(({ kind }) => kind === "query")) {
    const { query } = operation;
    const variables = operation.variables(wellMeant(valuesFor(operation, { values })));
    keep(await (await client.post({ query, variables })).json());
  }
  await using socket = await ProtocolSocket.connect(stage.baseUrl, await stage.token(userId));
  const streams = operations.filter(({ kind }) => kind === "subscription");
  for (const operation of streams) {
    const variables = operation.variables(wellMeant(valuesFor(operation, { values })));
    socket.send({ type: "subscribe", id: operation.coordinate, payload: { query: operation.query, variables } });
  }
  const seen = new Set<string>();
  while (seen.size < streams.length) {
    const { id, payload } = await socket.next();
    seen.add(id!);
    keep(payload);
  }
  return told;
}

/**
 * A value for each place of an operation, by its name: what the user has of that kind. Other places that may be empty
 * stay empty, and the others get something of their type.
 */
export function wellMeant(values: Readonly<Record<string, string>>) {
  return ({ path, type, optional, list }: Position): unknown => {
    const name = path.at(-1)!;
    const scalar = values[name] ?? (optional ? undefined : type.name === "ID" ? values["sessionId"] : "a text");
    return scalar === undefined || !list ? scalar : [scalar];
  };
}

/** The base values of one operation: at a few places one name means different things. */
export function valuesFor(
  { coordinate }: Pick<SchemaOperation, "coordinate">,
  { values }: Pick<Inhabitant, "values">,
): Readonly<Record<string, string>> {
  const id = { "Subscription.oauthFlow": "flowId", "User.session": "sessionId", "Session.provider": "sessionId" };
  const special = id[coordinate as keyof typeof id];
  return {
    ...values,
    ...(special === undefined ? {} : { id: values[special]! }),
    ...(coordinate.startsWith("Subscription.") ? { after: values["eventCursor"]! } : {}),
    ...(/^Mutation\.(authenticate|startSession)/.test(coordinate) ? { label: "a new one" } : {}),
  };
}

/** What a user needs of a server to live there, wherever it runs. */
export type Settlement = Pick<OAuthStage, "client" | "token" | "baseUrl" | "api">;

interface Richness {
  readonly apiKey: string;
  /** Whom everything is connected with; anthropic unless it is given. */
  readonly provider?: string;
  /** How many sessions: each brings events. */
  readonly sessions: number;
}

/** Lets a user do a bit of everything: keys, a sign-in, sessions, a pending flow with a consent, and a grant. */
export async function settle(
  schema: GraphQLSchema,
  stage: Settlement,
  userId: string,
  { apiKey, sessions, provider = "anthropic" }: Richness,
): Promise<Inhabitant> {
  const client = await stage.client(userId);
  const { eventCursor } = (await client.execute(viewerQuery)).viewer;
  const api = { ...stage.api, key: apiKey };
  const label = `${userId} at work`;
  await signIn(client, provider);
  const credentialId = await connectKey(client, { api }, { provider, label });
  const sessionIds: string[] = [];
  for (let count = 0; count < sessions; count++) {
    const sessionId = await startSession(client, `${userId} on device ${count}`);
    await chosen(client, sessionId, { provider, method: "API_KEY", label, model: `model of ${userId}` });
    sessionIds.push(sessionId);
  }
  const sessionId = sessionIds[0]!;
  const { flow, callback, answer } = await consent(client, provider);
  const { grantId } = await granted(client, { provider });
  const values = {
    provider,
    name: provider,
    sessionId,
    keepSessionId: sessionId,
    credentialId,
    id: credentialId,
    ids: credentialId,
    flowId: flow.id,
    rejectedGrantId: grantId,
    state: answer.state,
    code: answer.code,
    pasted: callback.href,
    apiKey,
    accessToken: "a-token-from-elsewhere",
    label,
    eventCursor,
  };
  const told = await readAll(schema, { userId, values }, stage, client);
  for (const name of ["rejectedGrantId", "state", "code", "pasted", "flowId", "sessionId", "credentialId"] as const) {
    told.set(`given.${name}`, values[name]);
  }
  for (const name of ["flowId", "sessionId", "credentialId"] as const) {
    told.set(`row.${name}`, decoded(values[name])!.content.split(":")[1]!);
  }
  told.set("given.userId", userId);
  return { userId, client, values, told };
}
