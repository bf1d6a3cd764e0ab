import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Scope } from "../../src/callers/scope.ts";
import { ProtocolSocket, type Message } from "../http/websocket/protocol-socket.ts";
import { TestClient } from "../support/test-client.ts";
import { lastingDifferences } from "./answer-tree.ts";
import {
  type IsolationStage,
  leakedIn,
  operations,
  serviceScopes,
  setIsolationStage,
  textPositions,
  type Trespass,
  trespassing,
  withoutGiven,
} from "./isolation-stage.ts";
import { seed } from "./seed.ts";
import { twinOf } from "./twin.ts";

let stage: IsolationStage;

beforeAll(async () => {
  stage = await setIsolationStage();
});

afterAll(() => stage[Symbol.asyncDispose]());

/** Somebody who is not Alice, and what comes with each request. */
interface Stranger {
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
}

const fewerScopes: readonly Scope[] = ["credentials:read", "credentials:write"];

const strangers: Record<string, () => Promise<Stranger>> = {
  "another user": async () => ({ token: await stage.token(stage.bob.userId), headers: {} }),
  "another user with fewer scopes": async () => ({
    token: await stage.token(stage.bob.userId, { scopes: fewerScopes }),
    headers: {},
  }),
  "a service that acts for another user": async () => ({
    token: await stage.token("the-service", { scopes: serviceScopes }),
    headers: { "x-on-behalf-of": stage.bob.userId },
  }),
};

interface Payload {
  readonly query: string;
  readonly variables: object;
}

type Transport = (stranger: Stranger, payload: Payload) => Promise<unknown>;

async function overHttp({ token, headers }: Stranger, payload: Payload, accept: string): Promise<unknown> {
  const response = await new TestClient(stage.baseUrl, token, headers).post(payload, { accept });
  const shown = [...response.headers].filter(([name]) => !["date", "content-length", "keep-alive"].includes(name));
  const text = await response.text();
  const body = accept === "application/json" ? (JSON.parse(text) as unknown) : text.split("\n").map(tryParse);
  return { status: response.status, shown, body };
}

/** A line of an event stream. */
function tryParse(line: string): unknown {
  const data = line.replace(/^data: /, "");
  return data.startsWith("{") ? (JSON.parse(data) as unknown) : data;
}

const transports: Record<string, Transport> = {
  HTTP: (stranger, payload) => overHttp(stranger, payload, "application/json"),
  SSE: (stranger, payload) => overHttp(stranger, payload, "text/event-stream"),
  WebSocket: async ({ token, headers }, payload) => {
    await using socket = await ProtocolSocket.connect(stage.baseUrl, token, headers);
    socket.send({ type: "subscribe", id: "1", payload });
    return socket.until(({ type }: Message) => type === "complete" || type === "error");
  },
};

async function tidyUp(): Promise<void> {
  expect(await stage.kept.changesOf(stage.alice.userId)).toEqual([]);
  await stage.kept.restore();
}

const requests = operations.filter((operation) => operation.kind !== "subscription");

/** `Query.user` is for services that act for users: it reads whomever they name. */
function isAllowed(who: string, { root }: Trespass["operation"]): boolean {
  return root === "user" && who.startsWith("a service");
}

const attempts = fc.record({
  who: fc.constantFrom(...Object.keys(strangers)),
  transport: fc.constantFrom(...Object.keys(transports)),
  place: fc.constantFrom(
    ...requests.flatMap((operation) => textPositions(operation).map((position) => ({ operation, position }))),
  ),
  belonging: fc.nat(),
});

test(`over no transport can a stranger tell what is hers from what nobody has (seed ${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(attempts, async ({ who, transport, place, belonging }) => {
      if (isAllowed(who, place.operation)) return;
      const stranger = await strangers[who]!();
      const [, text] = stage.hers[belonging % stage.hers.length]!;
      const observe = async (given: string): Promise<unknown> => {
        const variables = trespassing({ ...place, text: given }, stage.bob);
        const seen = await transports[transport]!(stranger, { query: place.operation.query, variables });
        if (place.operation.kind === "mutation") await tidyUp();
        const shown = JSON.stringify(seen);
        expect(leakedIn(shown, stage, given)).toEqual([]);
        return JSON.parse(withoutGiven(shown, given)) as unknown;
      };
      expect(await lastingDifferences(observe, text, () => twinOf(text))).toEqual([]);
    }),
    { seed, numRuns: 250 },
  );
});

test.each(["HTTP", "SSE", "WebSocket"])(
  "over %s nobody acts for a user without the scope, and is not told whether the user exists",
  async (transport) => {
    const { alice, bob } = stage;
    const payload = { query: "{ viewer { userId credentials { nodes { id } } } }", variables: {} };
    const act = async (userId: string): Promise<unknown> => {
      const stranger = { token: await stage.token(bob.userId), headers: { "x-on-behalf-of": userId } };
      const send = transports[transport]!(stranger, payload);
      return send.catch((error: unknown) => String(error));
    };
    const answer = await act(alice.userId);
    expect(answer).toEqual(await act("nobody-at-all"));
    expect(JSON.stringify(answer)).toMatch(/FORBIDDEN|4403/);
    expect(JSON.stringify(answer)).not.toContain("Credential");
  },
);

test("what a user may not read by missing scopes is refused alike, whosever it is", async () => {
  const client = await stage.client(stage.bob.userId, ["credentials:use"]);
  const node = "query ($id: ID!) { node(id: $id) { id } }";
  const ask = async (id: string) => (await client.post({ query: node, variables: { id } })).json();
  for (const [, text] of stage.hers) expect(await ask(text)).toEqual(await ask(twinOf(text)));
  for (const id of ["credentialId", "sessionId", "flowId"] as const) {
    const hers = await ask(stage.alice.values[id]!);
    expect(hers).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
    expect(hers).toEqual(await ask(stage.bob.values[id]!));
  }
});

test("another user's state ends no flow of hers, and she can still end it herself", async () => {
  const { alice, bob, kept } = stage;
  const query = "mutation ($input: CompleteOAuthInput!) { completeOAuth(input: $input) { __typename } }";
  const { code, state, pasted } = alice.values;
  const inputs = [{ code: { code, state } }, { pasted }, { code: { code: bob.values["code"], state } }];
  for (const input of inputs) {
    const answer = await (await bob.client.post({ query, variables: { input } })).json();
    expect(answer).toEqual({ data: { completeOAuth: { __typename: "OAuthStateError" } } });
  }
  expect(await kept.changesOf(alice.userId)).toEqual([]);
  const answer = await (await alice.client.post({ query, variables: { input: { pasted } } })).json();
  expect(answer).toEqual({ data: { completeOAuth: { __typename: "CompleteOAuthPayload" } } });
  await kept.restore();
});
