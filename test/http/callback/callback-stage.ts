import { request } from "undici";
import type { InitiateOAuthInput, InitiateOAuthMutation } from "../../client/gql/graphql.ts";
import {
  completeOAuthMutation,
  credentialsQuery,
  initiateOAuthMutation,
  oauthFlowSubscription,
} from "../../client/operations.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../../support/authorization-server.ts";
import { Browser } from "../../support/authorization-server/browser.ts";
import { startTestApp, type TestApp } from "../../support/test-app.ts";
import { createTestDatabase } from "../../support/test-database.ts";

type Flow = Extract<InitiateOAuthMutation["initiateOAuth"], { __typename: "InitiateOAuthPayload" }>["flow"];

/** A flow that a user has begun. */
export interface BegunFlow extends Flow {
  readonly user: string;
  /** The `Set-Cookie` lines of the answer. */
  readonly setCookies: readonly string[];
  /** What the browser that began it sends from now on. */
  readonly cookie: string;
}

export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly html: string;
  readonly title: string | undefined;
  /** What the page's script tells its opener. */
  readonly message: Readonly<Record<string, unknown>> | null;
}

interface CallOptions {
  readonly cookie?: string;
  readonly method?: "GET" | "HEAD" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallbackStage extends AsyncDisposable {
  readonly google: AuthorizationServer;
  readonly server: TestApp;
  /** Milliseconds by which the server's clock is ahead. */
  readonly time: { ahead: number };
  begin(user: string, input?: Partial<InitiateOAuthInput>): Promise<BegunFlow>;
  /** Lets the user decide at the provider. @returns the path and query that the browser is sent to. */
  decide(flow: Flow): Promise<string>;
  visit(path: string, options?: CallOptions): Promise<Page>;
  /** How many codes the provider was asked to exchange. */
  exchanges(): number;
  statusOf(flow: BegunFlow): Promise<string | undefined>;
  credentialsOf(user: string): Promise<readonly { readonly label: string }[]>;
  /** Everything that is stored of flows. */
  rows(): Promise<Readonly<Record<string, unknown>>[]>;
  execute(sql: string): Promise<unknown>;
  /** As the application of a user does it, with what the page handed over. */
  complete(user: string, callback: string): Promise<string>;
}

async function readPage(url: string, { cookie, method = "GET", headers = {} }: CallOptions): Promise<Page> {
  const response = await request(url, { method, headers: cookie === undefined ? headers : { ...headers, cookie } });
  const html = await response.body.text();
  const [, data = "null"] = /id="data">([^<]*)<\/script>/.exec(html) ?? [];
  return {
    status: response.statusCode,
    headers: response.headers,
    html,
    title: /<title>([^<]*)<\/title>/.exec(html)?.[1],
    message: (JSON.parse(data) as Pick<Page, "message"> | null)?.message ?? null,
  };
}

/** By this name browsers reach the server; the tests go to the port that it really listens on. */
export const publicUrl = "https://auth.example.test";

/** A server, an authorization server in the place of Google's, and the browsers of users. */
export async function startCallbackStage(environment: Readonly<Record<string, string>> = {}): Promise<CallbackStage> {
  await using stack = new AsyncDisposableStack();
  const redirectUris = [`${publicUrl}/auth/google/callback`];
  const google = stack.use(await startAuthorizationServer("google", { redirectUris }));
  const time = { ahead: 0 };
  const clock = { now: () => new Date(Date.now() + time.ahead) };
  const database = await createTestDatabase();
  const server: TestApp = stack.use(
    await startTestApp({
      clock,
      database,
      http: { deadlineMs: 500 },
      environment: { PUBLIC_URL: publicUrl, ...google.environment("google"), ...environment },
    }),
  );
  const parts = stack.move();
  return {
    google,
    server,
    time,
    async begin(user, input = {}) {
      const client = await server.client(user);
      const variables = { input: { provider: "google", ...input } };
      const response = await client.post({ query: initiateOAuthMutation.toString(), variables });
      const { data } = (await response.json()) as { data: InitiateOAuthMutation };
      const { initiateOAuth } = data;
      if (initiateOAuth.__typename !== "InitiateOAuthPayload") throw new Error(initiateOAuth.message);
      const setCookies = response.headers.getSetCookie();
      const cookie = setCookies.map((line) => line.split(";", 1)[0]).join("; ");
      return { ...initiateOAuth.flow, user, setCookies, cookie };
    },
    async decide({ authorizationUrl }) {
      const { pathname, search } = await new Browser().authorize(authorizationUrl!);
      return pathname + search;
    },
    visit: (path, options = {}) => readPage(server.baseUrl + path, options),
    exchanges: () => google.requests.filter(({ path }) => path === "/token").length,
    async statusOf({ user, id }) {
      const client = await server.client(user);
      await using changes = await client.subscribeSse(oauthFlowSubscription, { id });
      return (await changes.next()).data?.oauthFlow.status;
    },
    async credentialsOf(user) {
      const client = await server.client(user);
      return (await client.execute(credentialsQuery)).viewer.credentials.nodes;
    },
    rows: () => database.em().execute("select * from oauth_flows order by id"),
    execute: (sql) => database.em().execute(sql),
    async complete(user, callback) {
      const client = await server.client(user);
      const { completeOAuth } = await client.execute(completeOAuthMutation, {
        input: { pasted: publicUrl + callback },
      });
      return completeOAuth.__typename === "CompleteOAuthPayload" ? completeOAuth.flow.status : completeOAuth.code;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
