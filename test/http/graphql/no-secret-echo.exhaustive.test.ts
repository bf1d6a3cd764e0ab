import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../../../src/lib/clock.ts";
import { viewerQuery } from "../../client/operations.ts";
import { breakableDatabase } from "../../support/breakable-database.ts";
import { startTestApp, type TestApp } from "../../support/test-app.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { expectHidden, type Operation, post, transports } from "./echo.ts";
import { secretOperations } from "./secret-operations.ts";

/** A Google key's form: the one kind of key that GraphQL could take for a name. */
function newSecret(): string {
  return `AIza${randomBytes(64)
    .toString("base64")
    .replaceAll(/[^A-Za-z0-9]/g, "")
    .slice(0, 35)}`;
}

const shapes: Record<string, (secret: string) => string> = {
  "as it is": (secret) => secret,
  "with dashes": (secret) => `sk-${secret}`,
  "with quotes": (secret) => `a"${secret}"b`,
  "with a backslash": (secret) => `\\${secret}\\`,
  "with semicolons": (secret) => `x; ${secret}; y`,
  "with braces": (secret) => `{ viewer: ${secret} }`,
  "with Unicode": (secret) => `ключ🔑${secret}é`,
  "with words of GraphQL": (secret) => `" found: ${secret} Did you mean "viewer"?`,
  "after a name of the schema": (secret) => `viewer" ${secret} "`,
  "in lines": (secret) => `line\n${secret}\r\nline`,
};

/** No line may go past the logger either. */
function watchConsole(): void {
  for (const method of ["error", "warn", "log"] as const) {
    const spy = vi.spyOn(console, method);
    onTestFinished(() => {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    });
  }
}

describe("the secret in an operation is not repeated:", () => {
  let server: TestApp;

  beforeAll(async () => {
    server = await startTestApp({ environment: { GET_QUERIES: "true" } });
  });

  afterAll(() => server[Symbol.asyncDispose]());

  const cases = Object.entries(transports).flatMap(([transport, send]) =>
    secretOperations.map(([name, create]) => [name, transport, create, send] as const),
  );

  test.each(cases)("%s, over %s", async (_name, _transport, create, send) => {
    watchConsole();
    const token = await server.token("alice");
    for (const shape of Object.values(shapes)) {
      const secret = newSecret();
      expectHidden(secret, await send(server, token, create(shape(secret))), server);
    }
  });
});

const headers: Record<string, (secret: string, token: string) => Record<string, string>> = {
  "an authorization": (secret) => ({ authorization: secret }),
  "a token": (secret) => ({ authorization: `Bearer ${secret}` }),
  "a token of three parts": (secret) => ({ authorization: `Bearer ${secret}.${secret}.${secret}` }),
  "a token with the secret in its header": (secret) => {
    const header = Buffer.from(JSON.stringify({ alg: secret, kid: secret, crit: [secret] })).toString("base64url");
    return { authorization: `Bearer ${header}.e30.c2ln` };
  },
  "an encoded password": (secret) => ({ authorization: `Basic ${Buffer.from(secret).toString("base64")}` }),
  "another user": (secret, token) => ({ authorization: `Bearer ${token}`, "x-on-behalf-of": secret }),
  "a content type": (secret, token) => ({ authorization: `Bearer ${token}`, "content-type": secret }),
  "an accepted type": (secret, token) => ({ authorization: `Bearer ${token}`, accept: secret }),
  "an origin": (secret) => ({ origin: `https://${secret}.example.com` }),
  "any header": (secret) => ({ "x-api-key": secret }),
};

test.each(Object.entries(headers))("the secret as %s in a header is not repeated", async (_name, create) => {
  watchConsole();
  await using server = await startTestApp();
  const secret = newSecret();
  const answer = await post(server, create(secret, await server.token("alice")), JSON.stringify({ query: "{ id }" }));
  expect(answer.errors).toHaveLength(1);
  expectHidden(secret, answer, server);
});

const bodies: Record<string, (secret: string) => string> = {
  "a text that is no JSON": (secret) => secret,
  "a text without its end": (secret) => `{"query":"${secret}`,
  "a text with an escape that does not exist": (secret) => `{"query":"\\q${secret}"}`,
  "garbage after the end": (secret) => `{"query":"{ id }"} ${secret}`,
  "a bare word": (secret) => `{"query":"{ id }","variables":{"key":${secret}}}`,
  "a JSON text": (secret) => JSON.stringify(secret),
  "a list": (secret) => JSON.stringify([secret]),
  "a batch": (secret) => JSON.stringify([{ query: `{ ${secret} }` }]),
  "the name of a parameter": (secret) => JSON.stringify({ query: "{ id }", [secret]: secret }),
  "another parameter": (secret) => JSON.stringify({ query: "{ id }", apiKey: secret }),
  "a body that is too long": (secret) => secret.repeat(3_000),
};

test.each(Object.entries(bodies))("the secret as %s in a body is not repeated", async (_name, write) => {
  watchConsole();
  await using server = await startTestApp();
  const authorization = `Bearer ${await server.token("alice")}`;
  for (const accept of ["application/json", "application/graphql-response+json"]) {
    const secret = newSecret();
    const answer = await post(server, { authorization, accept }, write(secret));
    expect(answer.errors).toHaveLength(1);
    expectHidden(secret, answer, server);
  }
});

test.each(["query", "variables", "extensions", "operationName", "apiKey"])(
  "the secret as the parameter %s of a GET is not repeated",
  async (parameter) => {
    watchConsole();
    await using server = await startTestApp({ environment: { GET_QUERIES: "true" } });
    const secret = newSecret();
    const search = new URLSearchParams({ query: "query A { __typename }", [parameter]: secret }).toString();
    const response = await fetch(`${server.baseUrl}/graphql?${search}`, {
      headers: { authorization: `Bearer ${await server.token("alice")}` },
    });
    const body = await response.text();
    const { errors = [] } = JSON.parse(body) as { errors?: [] };
    // Parameters that nobody knows are left alone in a query string.
    expect(errors).toHaveLength(parameter === "apiKey" ? 0 : 1);
    expectHidden(secret, { seen: body, errors }, server);
  },
);

const digits = fc.stringMatching(/^[1-9][0-9]{14}$/);

test("a number for a text is not repeated", async () => {
  await using server = await startTestApp({ environment: { GET_QUERIES: "true" } });
  const token = await server.token("alice");
  const documents = [
    (value: string) =>
      `mutation { authenticate(input: { provider: "x", credential: { apiKey: ${value} } }) { __typename } }`,
    (value: string) => `{ provider(name: ${value}) { id } }`,
    (value: string) => `{ viewer { credentials(method: ${value}, first: ${value}) { nodes { id } } } }`,
  ];
  for (const send of Object.values(transports)) {
    for (const secret of fc.sample(digits, 3)) {
      for (const [, create] of secretOperations) {
        const { variables, ...rest } = create(secret);
        // A number wherever the secret stands as a text of its own, and not as a key.
        const numbers = JSON.stringify(variables ?? null).replaceAll(new RegExp(`"${secret}"(?!:)`, "g"), secret);
        expectHidden(secret, await send(server, token, { ...rest, variables: JSON.parse(numbers) }), server);
      }
      for (const write of documents) expectHidden(secret, await send(server, token, { query: write(secret) }), server);
    }
  }
});

const hazards = [
  '"',
  "\\",
  "'",
  "`",
  "{",
  "}",
  "$",
  "@",
  ":",
  ";",
  "\n",
  "\u2028",
  "\0",
  "\ud800",
  "é",
  "🔑",
  " found: ",
  "viewer",
  "...",
];
const surroundings = fc.array(fc.oneof(fc.constantFrom(...hazards), fc.string({ unit: "binary", maxLength: 4 })), {
  maxLength: 6,
});

test("no text around a secret brings it out", async () => {
  watchConsole();
  await using server = await startTestApp({ environment: { GET_QUERIES: "true" } });
  const token = await server.token("alice");
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...secretOperations),
      fc.constantFrom(transports.HTTP, transports.SSE, transports.WebSocket),
      surroundings,
      surroundings,
      async ([, create], send, before, after) => {
        const secret = newSecret();
        const text = [...before, secret, ...after].join("");
        expectHidden(secret, await send(server, token, create(text)), server);
      },
    ),
    { numRuns: 500 },
  );
});

const production = { NODE_ENV: "production" };

const guesses: Record<string, Operation> = {
  "a field": { query: "{ viewer { userID } }" },
  "a field without its fields": { query: "{ viewer }" },
  "an argument": { query: '{ provider(nam: "x") { id } }' },
  "a type": { query: "{ viewer { ... on Users { id } } }" },
  "a field of an input": {
    query: 'mutation { authenticate(input: { provider: "x", credential: { apikey: "y" } }) { __typename } }',
  },
  "an enum's value": { query: "{ viewer { credentials(method: OAUTHS) { nodes { id } } } }" },
  "a field of a variable": {
    query: "mutation ($x: AuthenticateInput!) { authenticate(input: $x) { __typename } }",
    variables: { x: { provider: "x", credential: { apikey: "y" } } },
  },
  "an enum's value in a variable": {
    query: "query ($x: AuthMethod) { viewer { credentials(method: $x) { nodes { id } } } }",
    variables: { x: "OAUTHS" },
  },
};

const { GET: _get, ...safeTransports } = transports;
const guessing = Object.entries(safeTransports).flatMap(([transport, send]) =>
  Object.entries(guesses).map(([name, operation]) => [name, transport, operation, send] as const),
);

test.each(guessing)(
  "in production %s that is misspelt over %s is not set right",
  async (_name, _transport, operation, send) => {
    await using server = await startTestApp({ environment: production });
    const token = await server.token("alice");
    // Twice: the second time from the caches of documents.
    for (let time = 0; time < 2; time++) {
      const { errors } = await send(server, token, operation);
      expect(errors.length).toBeGreaterThan(0);
      for (const { message } of errors) {
        expect(message).not.toMatch(/did you mean/i);
        expect(message).not.toMatch(/\b(userId|apiKey|OAUTH|name)\b(?!:)/);
      }
    }
  },
);

test("outside production what is misspelt is set right", async () => {
  await using server = await startTestApp();
  const token = await server.token("alice");
  for (const send of Object.values(safeTransports)) {
    for (const operation of Object.values(guesses)) {
      const { errors } = await send(server, token, operation);
      expect(errors.map(({ message }) => message).join()).toMatch(/Did you mean/);
    }
  }
});

test.each(Object.entries(safeTransports))("in production nobody is told the schema over %s", async (_name, send) => {
  await using server = await startTestApp({ environment: production });
  const token = await server.token("alice");
  for (const query of ["{ __schema { types { name } } }", '{ __type(name: "User") { fields { name } } }']) {
    const { seen, errors } = await send(server, token, { query });
    expect(errors[0]?.extensions?.code).toBe("GRAPHQL_VALIDATION_FAILED");
    expect(errors[0]?.message).toMatch(/^GraphQL introspection has been disabled/);
    expect(seen).not.toContain('"fields"');
  }
  // Caches and typed clients need no more of it than this.
  const { errors } = await send(server, token, { query: "{ __typename viewer { __typename } }" });
  expect(errors).toEqual([]);
});

test("an error never shows where in the server it happened", async () => {
  const database = await createTestDatabase();
  const secret = newSecret();
  for (const mode of ["development", "test", "production"]) {
    const breakable = breakableDatabase(database, new Error("broken", { cause: new Error(secret) }));
    await using server = await startTestApp({
      environment: { NODE_ENV: mode },
      clock: systemClock,
      database: breakable.database,
    });
    breakable.break();
    const token = await server.token("alice");
    for (const send of Object.values(safeTransports)) {
      const answer = await send(server, token, { query: viewerQuery.toString() });
      expect(answer.errors).toMatchObject([{ extensions: { code: "INTERNAL_SERVER_ERROR" } }]);
      expect(answer.seen).not.toMatch(/broken|node_modules|\.ts\b|\bat /);
      expectHidden(secret, answer, server);
    }
  }
});
