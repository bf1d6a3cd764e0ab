import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schema } from "../../src/graphql/schema.ts";
import { begin } from "../connect/oauth/oauth-stage.ts";
import { granted } from "../sessions/session-stage.ts";
import type { Fault } from "../support/mock-provider/fault.ts";
import { canaryDialects } from "./canary-dialect.ts";
import { type CanaryStage, setCanaryStage } from "./canary-stage.ts";
import { valuesFor, wellMeant } from "./inhabitant.ts";
import { operationsOf } from "./schema-operations.ts";

const operations = operationsOf(schema);

let stage: CanaryStage;

/** Sends an operation as it is meant, with other values at places of these names. */
async function send(coordinate: string, values: Readonly<Record<string, string>> = {}): Promise<string> {
  const operation = operations.find((found) => found.coordinate === coordinate)!;
  const variables = operation.variables(wellMeant({ ...valuesFor(operation, stage.alice), ...values }));
  const answer = await (await stage.alice.client.post({ query: operation.query, variables })).text();
  stage.keep(`${coordinate} while something fails`, answer);
  return answer;
}

/** How providers fail who repeat what they were sent: in every part of an answer that there is. */
const echoes: Record<string, (secret: string) => Fault> = {
  ...Object.fromEntries(
    [400, 401, 403, 404, 429, 500, 503].map((status) => [
      `status ${status}`,
      (secret: string): Fault => ({
        kind: "status",
        status,
        body: {
          type: secret,
          error: { type: secret, code: secret, status: secret, message: `The key ${secret} is not valid` },
          error_description: secret,
        },
        headers: { "request-id": secret, "retry-after": secret, "www-authenticate": `Bearer error="${secret}"` },
      }),
    ]),
  ),
  "an OAuth error": (secret) => ({
    kind: "status",
    status: 400,
    body: { error: secret, error_description: secret, error_uri: `https://example.test/${secret}` },
  }),
  "a text": (secret) => ({ kind: "status", status: 500, body: `<h1>${secret}</h1>` }),
  "an answer of another kind": (secret) => ({ kind: "status", status: 200, body: { [secret]: secret } }),
  "broken JSON": (secret) => ({
    kind: "status",
    status: 200,
    body: `{"${secret}`,
    headers: { "content-type": "application/json" },
  }),
  "a redirect": (secret) => ({ kind: "redirect", location: `http://127.0.0.1:1/${secret}?key=${secret}` }),
  "no answer": () => ({ kind: "hang" }),
  "a cut connection": () => ({ kind: "reset" }),
};

const tables = ["provider_credentials", "events", "audit_log", "oauth_flows", "sessions", "session_providers"];

describe.each(Object.entries(canaryDialects))("%s", (_name, dialect) => {
  beforeAll(async () => {
    stage = await setCanaryStage(dialect);
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  test("what is planted is what she has signed in with", async () => {
    const { vendor, alice, provider } = stage;
    expect(vendor.answers.some(({ id_token: given }) => typeof given === "string")).toBe(provider !== "anthropic");
    expect(vendor.answers[0]).toMatchObject(vendor.tokenOverrides);
    const { headers } = await granted(alice.client, { provider, method: "OAUTH" });
    expect(JSON.stringify(headers)).toContain(vendor.tokenOverrides["access_token"]);
  });

  test.each(Object.entries(echoes))("a provider that answers with %s makes nothing known", async (_name, echo) => {
    const { plant, api, vendor, alice, provider } = stage;
    const key = plant("a key at a provider that fails");
    api.always(echo(key.secret));
    await send("Mutation.authenticate", { apiKey: key.secret });
    const [access, refresh] = [
      plant("an imported access token", "accessToken"),
      plant("an imported refresh token", "refreshToken"),
    ];
    api.always(echo(access.secret));
    await send("Mutation.importCredential", { accessToken: access.secret, refreshToken: refresh.secret });
    api.always(echo(alice.values["apiKey"]!));
    await send("Mutation.validateCredential");
    await send("Mutation.issueAccess");
    api.always(null);

    const code = plant("an authorization code");
    const flow = await begin(alice.client, provider);
    vendor.next("/token", echo(code.secret) as never);
    await send("Mutation.completeOAuth", { code: code.secret, state: flow.state! });
    for (const coordinate of ["Mutation.refreshCredential", "Mutation.refreshCredentials"]) {
      vendor.next("/token", echo(vendor.tokenOverrides["refresh_token"] as string) as never);
      await send(coordinate, { credentialId: alice.told.get("CredentialStored.credentialId")! });
    }
    vendor.next("/token/revocation", echo(vendor.tokenOverrides["refresh_token"] as string) as never);
    await send("Mutation.revokeCredential", { credentialId: alice.told.get("CredentialStored.credentialId")! });
    await stage.expectNothingFound();
    await stage.kept.restore();
  });

  test.each(tables)("a database that refuses to write to %s makes nothing known", async (table) => {
    const { plant, api, database, kept } = stage;
    const em = database.em();
    await em.execute(`alter table "${table}" add constraint broken check (false) not valid`);
    let failures = 0;
    try {
      for (const { coordinate } of operations.filter(({ kind }) => kind === "mutation")) {
        const key = plant(`a key while ${table} is broken`);
        api.validKeys.add(key.secret);
        const values = {
          apiKey: key.secret,
          accessToken: plant("a token", "accessToken").secret,
          code: plant("a code").secret,
        };
        if ((await send(coordinate, values)).includes("INTERNAL_SERVER_ERROR")) failures++;
      }
    } finally {
      await em.execute(`alter table "${table}" drop constraint broken`);
    }
    expect(failures).toBeGreaterThan(0);
    await stage.expectNothingFound();
    await kept.restore();
  });

  test("what a broken database says of a statement and its values is not repeated", async () => {
    const { plant, database } = stage;
    const said = plant("what a driver says");
    const failing = Object.assign(new Error(`invalid input syntax: "${said.secret}"`), {
      detail: said.secret,
      parameters: [said.secret],
    });
    database.orm.config.set("onQuery", () => {
      throw failing;
    });
    try {
      for (const { coordinate, kind } of operations) {
        if (kind !== "subscription") await send(coordinate, { apiKey: plant("a key").secret });
      }
    } finally {
      database.orm.config.set("onQuery", (sql) => sql);
    }
    await stage.expectNothingFound();
  });
});
