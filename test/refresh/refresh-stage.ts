import type { Database } from "../../src/db/database.ts";
import type { FaultPoint } from "../../src/refresh/fault-point.ts";
import type { IssueAccessInput } from "../client/gql/graphql.ts";
import { credentialStateQuery, refreshCredentialMutation, renewedAccessMutation } from "../client/operations.ts";
import {
  type OAuthStage,
  type OAuthStageOptions,
  publicUrl,
  setOAuthStage,
  signIn,
} from "../connect/oauth/oauth-stage.ts";
import type { AuthorizationServer } from "../support/authorization-server.ts";
import type { AuthorizationServerKind } from "../support/authorization-server/dialect.ts";
import type { AuthorizationFault } from "../support/authorization-server/fault.ts";
import { startTestApp, type TestApp, type TestAppOptions } from "../support/test-app.ts";
import type { TestClient } from "../support/test-client.ts";

/** The longest time that a timer can wait, in milliseconds: no worker looks for work within a test. */
export const never = 2 ** 31 - 1;

/** One user's sign-in at one vendor, on a server that refreshes it only when it is asked to. */
export interface RefreshStage extends OAuthStage {
  readonly kind: AuthorizationServerKind;
  readonly alice: TestClient;
  /** The credential's id in the API. */
  readonly id: string;
  readonly hold: Hold;
}

interface RefreshStageOptions extends OAuthStageOptions {
  /** Where refreshes stand still until the hold is released. */
  readonly holdAt?: FaultPoint;
}

/** Lets every refresh of a process wait at one point. */
export class Hold {
  readonly #reached = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  /** Resolves when the first refresh has come there. */
  readonly reached: Promise<void> = this.#reached.promise;

  async wait(): Promise<void> {
    this.#reached.resolve();
    await this.#released.promise;
  }

  release(): void {
    this.#released.resolve();
  }
}

export async function setRefreshStage(
  kind: AuthorizationServerKind,
  { holdAt, ...options }: RefreshStageOptions = {},
): Promise<RefreshStage> {
  const hold = new Hold();
  const faults = (point: FaultPoint) => (point === holdAt ? hold.wait() : undefined);
  const stage = await setOAuthStage(kind, { ...options, refresh: { intervalMs: never, faults, ...options.refresh } });
  const alice = await stage.client("alice");
  const { id } = await signIn(alice, kind);
  return {
    ...stage,
    kind,
    alice,
    id,
    hold,
    async [Symbol.asyncDispose]() {
      hold.release();
      await stage[Symbol.asyncDispose]();
    },
  };
}

/** Another process of the same operator, over the stage's database unless another is given. */
export async function startNeighbour(
  { kind, vendor, api, database }: RefreshStage,
  { environment, ...options }: TestAppOptions = {},
): Promise<TestApp> {
  return startTestApp({
    database,
    ...options,
    environment: {
      PUBLIC_URL: publicUrl,
      ...vendor.environment(kind),
      [`${kind.toUpperCase()}_API_BASE_URL`]: api.baseUrl,
      ...environment,
    },
  });
}

export async function refresh(client: TestClient, credentialId: string) {
  return (await client.execute(refreshCredentialMutation, { input: { credentialId } })).refreshCredential;
}

export async function issue(client: TestClient, input: IssueAccessInput) {
  return (await client.execute(renewedAccessMutation, { input })).issueAccess;
}

/** A grant that must be given; `token` is what stands in its Authorization header. */
export async function grant(client: TestClient, input: IssueAccessInput) {
  const result = await issue(client, input);
  if (result.__typename !== "IssueAccessPayload") throw new Error(result.message);
  return { ...result.grant, token: result.grant.headers.find(({ name }) => name === "authorization")?.value };
}

/** The credential as the API shows it. */
export async function readState({ alice, id }: Pick<RefreshStage, "alice" | "id">) {
  const { node } = await alice.execute(credentialStateQuery, { id });
  if (node == null || !("status" in node)) throw new Error("there is no such credential");
  return node;
}

/** What stands in a row; times are seconds from now. */
export interface StoredRow {
  readonly version: number;
  readonly status: string;
  readonly reason: string | null;
  readonly failures: number;
  readonly refusals: number;
  readonly refusalCode: string | null;
  readonly refusedFor: number | null;
  readonly isSent: boolean;
  readonly expiresIn: number | null;
  readonly nextTryIn: number | null;
  readonly replayIn: number | null;
  readonly leaseIn: number | null;
  readonly noticeIn: number | null;
  readonly sealed: string;
  readonly account: unknown;
}

const fromNow = (column: string) => `extract(epoch from ${column} - clock_timestamp())::float8`;

export async function readRows(database: Database): Promise<StoredRow[]> {
  return database.em().execute<StoredRow[]>(
    `select token_version as version, status, status_reason as reason, fail_count as failures, refusals,
        refusal_code as "refusalCode", -${fromNow("refused_since")} as "refusedFor", sent_at is not null as "isSent",
        ${fromNow("expires_at")} as "expiresIn", ${fromNow("next_try_at")} as "nextTryIn",
        ${fromNow("replay_after")} as "replayIn", ${fromNow("lease_until")} as "leaseIn",
        ${fromNow("expiry_notice_at")} as "noticeIn", encode(credentials, 'hex') as sealed, account
      from provider_credentials order by created_at, id`,
  );
}

/** The row of a stage whose users have one credential together. */
export async function readRow({ database }: Pick<RefreshStage, "database">): Promise<StoredRow> {
  const [row] = await readRows(database);
  if (row === undefined) throw new Error("there is no row");
  return row;
}

/** Moves the time for all sign-ins: they are due now, and end in so many seconds. */
export async function makeDue({ database }: Pick<RefreshStage, "database">, expiresIn = 120): Promise<void> {
  await database.em().execute(
    `update provider_credentials set expires_at = clock_timestamp() + ? * interval '1 second',
        next_try_at = clock_timestamp() - interval '1 second', refresh_after = clock_timestamp() - interval '1 second'
      where auth_method = 'oauth'`,
    [expiresIn],
  );
}

/** Their time is over, and their refresh has been due for a moment. */
export async function expire(stage: Pick<RefreshStage, "database">): Promise<void> {
  await makeDue(stage, -1);
}

/** Ends every wait: leases, the time until another try, and the time until a refresh token may be sent again. */
export async function endWaits({ database }: Pick<RefreshStage, "database">): Promise<void> {
  await database.em().execute(
    `update provider_credentials set lease_until = clock_timestamp() - interval '1 second',
        next_try_at = clock_timestamp() - interval '1 second', replay_after = clock_timestamp() - interval '1 second'
      where next_try_at is not null`,
  );
}

/** Whoever has signed in until now meets this when it is refreshed, from now on. */
export function refuse({ vendor }: Pick<RefreshStage, "vendor">, trouble: AuthorizationFault): void {
  for (const { refresh_token: token } of vendor.answers) vendor.troubles.set(token as string, trouble);
}

/** As if the first refusal had been so many seconds earlier. */
export async function ageRefusals({ database }: Pick<RefreshStage, "database">, seconds: number): Promise<void> {
  await database
    .em()
    .execute("update provider_credentials set refused_since = refused_since - ? * interval '1 second'", [seconds]);
}

/** The refresh tokens that were sent to the token endpoint. */
export function sentRefreshTokens({ requests }: AuthorizationServer): string[] {
  return requests.flatMap(({ path, body }) =>
    path === "/token" && body["grant_type"] === "refresh_token" ? [body["refresh_token"] ?? ""] : [],
  );
}

interface StoredEvent {
  readonly type: string;
  readonly body: Readonly<Record<string, string | null>>;
}

/** A user's events since the sign-in. */
export async function readEvents({ database }: Pick<RefreshStage, "database">, user = "alice"): Promise<StoredEvent[]> {
  return database
    .em()
    .execute<StoredEvent[]>(
      "select type, body from events where user_id = ? and type <> 'CredentialStored' order by seq",
      [user],
    );
}

/** Who has refreshed, and how that ended. */
export async function readRefreshAudit({ database }: Pick<RefreshStage, "database">) {
  return database
    .em()
    .execute<{ actor: string; outcome: string }[]>(
      "select actor, outcome from audit_log where action = 'credential.refresh' order by id",
    );
}
