import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CompactEncrypt, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { audience, IdentityProvider, issuer } from "../callers/identity-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { callerTransports } from "./caller-transports.ts";
import { query } from "./http-request.ts";
import { RawConnection } from "./raw-connection.ts";
import { ProtocolSocket } from "./websocket/protocol-socket.ts";

type SigningKey = Awaited<ReturnType<IdentityProvider["createKey"]>>;

interface Forge {
  readonly provider: IdentityProvider;
  /** Published. */
  readonly key: SigningKey;
  /** The attacker's own, under the published one's name. */
  readonly own: SigningKey;
  /** Where the attacker publishes it. */
  readonly url: string;
}

const now = () => Math.floor(Date.now() / 1_000);
const claims = (changed: object = {}) => ({ sub: "alice", iss: issuer, aud: audience, exp: now() + 3_600, ...changed });

/** Signs with a header that no library would write. */
async function signAs({ alg, privateKey }: SigningKey, header: object, payload: object = claims()): Promise<string> {
  return new SignJWT({ ...payload }).setProtectedHeader({ alg, ...header }).sign(privateKey);
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");

function hmac(header: object, secret: string): string {
  const content = `${encode(header)}.${encode(claims())}`;
  return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
}

const parts = (token: string) => token.split(".") as [string, string, string];

const hostile: Record<string, (forge: Forge) => Promise<string> | string> = {
  "the algorithm none": () => new UnsecuredJWT(claims()).encode(),
  "the algorithm nOnE": () => `${encode({ alg: "nOnE" })}.${encode(claims())}.`,
  "the algorithm none, with a good token's signature": async ({ provider, key }) =>
    `${encode({ alg: "none", kid: "1" })}.${parts(await provider.sign(key))
      .slice(1)
      .join(".")}`,
  "no algorithm": async ({ provider, key }) =>
    `${encode({ kid: "1" })}.${parts(await provider.sign(key))
      .slice(1)
      .join(".")}`,
  "HS256 by the public key's PEM": ({ key }) => hmac({ alg: "HS256", kid: "1" }, key.pem),
  "HS256 by the public key's PEM, trimmed": ({ key }) => hmac({ alg: "HS256", kid: "1" }, key.pem.trim()),
  "HS256 by the public key's JWK": ({ key }) => hmac({ alg: "HS256", kid: "1" }, JSON.stringify(key.publicKey)),
  "HS256 by an empty secret": () => hmac({ alg: "HS256", kid: "1" }, ""),
  "another's key under the published name": ({ own }) => signAs(own, { kid: "1" }),
  "another's key without a name": ({ own }) => signAs(own, {}),
  "a key that is not published": ({ own }) => signAs(own, { kid: "2" }),
  "a path for a key's name": ({ key }) => signAs(key, { kid: "../../../../../../dev/null" }),
  "an empty secret, by a path to an empty file": () => hmac({ alg: "HS256", kid: "/dev/null" }, ""),
  "SQL for a key's name": ({ key }) => signAs(key, { kid: "1' OR '1'='1" }),
  "a URL for a key's name": ({ own, url }) => signAs(own, { kid: url }),
  "a huge name of a key": ({ key }) => signAs(key, { kid: "1".repeat(4_000) }),
  "a key's name that is no text": ({ key }) => signAs(key, { kid: 1 as unknown as string }),
  "its key in the header (jwk)": ({ own }) => signAs(own, { kid: "1", jwk: own.publicKey }),
  "the address of its keys in the header (jku)": ({ own, url }) => signAs(own, { kid: "1", jku: url }),
  "the address of its certificate (x5u)": ({ own, url }) => signAs(own, { kid: "1", x5u: url }),
  "its certificate (x5c)": ({ own }) => signAs(own, { kid: "1", x5c: ["MIIBszCCAVmgAwIBAgIUQ2xhaW1z"] }),
  "an extension that must be understood": ({ key }) => {
    const header = { alg: key.alg, kid: "1", crit: ["exp-ext"], "exp-ext": 1 };
    return new SignJWT(claims()).setProtectedHeader(header).sign(key.privateKey, { crit: { "exp-ext": true } });
  },
  "an ECDSA signature of zeros": async ({ provider, key }) => {
    const [header, payload] = parts(await provider.sign(key));
    return `${header}.${payload}.${Buffer.alloc(64).toString("base64url")}`;
  },
  "a good signature under other claims": async ({ provider, key }) => {
    const [header, , signature] = parts(await provider.sign(key));
    return `${header}.${encode(claims({ sub: "bob" }))}.${signature}`;
  },
  "half a signature": async ({ provider, key }) => (await provider.sign(key)).slice(0, -20),
  "no signature": async ({ provider, key }) =>
    `${parts(await provider.sign(key))
      .slice(0, 2)
      .join(".")}.`,
  "no expiry": ({ provider, key }) => provider.sign(key, { exp: undefined }),
  "an expiry that is a text": ({ provider, key }) => provider.sign(key, { exp: String(now() + 3_600) }),
  "an expiry six seconds ago": ({ provider, key }) => provider.sign(key, { exp: now() - 6 }),
  "a start in a minute": ({ provider, key }) => provider.sign(key, { nbf: now() + 60 }),
  "a start in a hundred years": ({ provider, key }) => provider.sign(key, { nbf: now() + 3_155_760_000 }),
  "another issuer": ({ provider, key }) => provider.sign(key, { iss: `${issuer}.evil.example` }),
  "a list of issuers": ({ provider, key }) => provider.sign(key, { iss: [issuer] }),
  "another audience": ({ provider, key }) => provider.sign(key, { aud: `${audience}-2` }),
  "a list of other audiences": ({ provider, key }) => provider.sign(key, { aud: ["a", "b"] }),
  "an empty list of audiences": ({ provider, key }) => provider.sign(key, { aud: [] }),
  "a subject that is a list": ({ provider, key }) => provider.sign(key, { sub: ["alice"] }),
  "encryption for a signature": () =>
    new CompactEncrypt(Buffer.from(JSON.stringify(claims())))
      .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: "1" })
      .encrypt(Buffer.alloc(32)),
};

/** A server that trusts an identity provider, and an attacker who knows its public key. */
async function setStage() {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(await IdentityProvider.start());
  const [key, own] = await Promise.all([provider.createKey("ES256", "1"), provider.createKey("ES256", "1")]);
  provider.publish(key);
  let visits = 0;
  const attacker = createServer((_request, response) => {
    visits += 1;
    response.end(JSON.stringify({ keys: [own.publicKey] }));
  }).listen(0, "127.0.0.1");
  await once(attacker, "listening");
  stack.defer(() => void attacker.close());
  const time = { ahead: 0 };
  const server = stack.use(
    await startTestApp({
      clock: { now: () => new Date(Date.now() + time.ahead) },
      rateLimits: { "failed-token-ip": null },
      environment: {
        AUTH_JWT_SECRET: "",
        AUTH_JWKS_URL: `${provider.server.baseUrl}/jwks.json`,
        AUTH_ISSUER: issuer,
        AUTH_AUDIENCE: audience,
      },
    }),
  );
  const owned = stack.move();
  const url = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/jwks.json`;
  return {
    provider,
    key,
    own,
    url,
    server,
    time,
    attackerVisits: () => visits,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const isAlice = { status: 200, text: expect.stringContaining('"userId":"alice"') as string };

describe.each(callerTransports)("over $name", ({ name, send }) => {
  const refused = name === "WebSocket" ? 4403 : 401;

  test("no forged token, and no token out of its time or place, is let in", async () => {
    await using stage = await setStage();
    const passed: string[] = [];
    for (const [title, forge] of Object.entries(hostile)) {
      const answer = await send(stage.server, { authorization: `Bearer ${await forge(stage)}` });
      if (answer.status !== refused) passed.push(`${title}: ${answer.status} ${answer.text}`);
      expect(answer.text).not.toContain("alice");
    }
    expect(passed).toEqual([]);
    expect(stage.attackerVisits()).toBe(0);
    expect(await send(stage.server, { authorization: `Bearer ${await stage.provider.sign(stage.key)}` })).toEqual(
      isAlice,
    );
  });

  test("clocks may differ by five seconds, and an audience may be one of several", async () => {
    await using stage = await setStage();
    const { provider, key, server } = stage;
    for (const changed of [{ exp: now() - 2 }, { nbf: now() + 3 }, { aud: ["another", audience] }]) {
      expect(await send(server, { authorization: `Bearer ${await provider.sign(key, changed)}` })).toMatchObject({
        // A socket of a token that has run out is closed at once.
        status: changed.exp !== undefined && name === "WebSocket" ? 4403 : 200,
      });
    }
  });

  test("what is no bearer token is refused before it is looked at", async () => {
    await using stage = await setStage();
    const good = await stage.provider.sign(stage.key);
    for (const authorization of [
      good,
      `Basic ${good}`,
      `Bearer ${good} ${good}`,
      `Bearer ${good},Bearer ${good}`,
      "Bearer ",
    ]) {
      expect((await send(stage.server, { authorization })).status).toBe(refused);
    }
    expect((await send(stage.server, { authorization: `Bearer ${"x".repeat(8_193)}` })).status).toBe(refused);
  });

  test("a new key works without a restart, and a withdrawn one stops working within a minute", async () => {
    await using stage = await setStage();
    const { provider, key, server, time } = stage;
    const old = `Bearer ${await provider.sign(key)}`;
    expect(await send(server, { authorization: old })).toEqual(isAlice);
    const fresh = await provider.createKey("ES256", "2");
    provider.publish(key, fresh);
    time.ahead += 30_000;
    expect(await send(server, { authorization: `Bearer ${await provider.sign(fresh)}` })).toEqual(isAlice);
    expect(await send(server, { authorization: old })).toEqual(isAlice);
    provider.publish(fresh);
    time.ahead += 60_000;
    expect((await send(server, { authorization: old })).status).toBe(refused);
    expect(await send(server, { authorization: `Bearer ${await provider.sign(fresh)}` })).toEqual(isAlice);
  });

  test("while the identity provider is away, keys that were read go on working, and none is made up", async () => {
    await using stage = await setStage();
    const { provider, key, own, server, time } = stage;
    provider.server.always({ kind: "reset" });
    const unavailable = name === "WebSocket" ? 4403 : 503;
    const bearer = async () => `Bearer ${await provider.sign(key, { jti: crypto.randomUUID() })}`;
    expect(await send(server, { authorization: await bearer() })).toMatchObject({
      status: unavailable,
      text: expect.stringContaining("cannot be read") as string,
    });
    provider.server.always(null);
    expect(await send(server, { authorization: await bearer() })).toEqual(isAlice);
    provider.server.always({ kind: "reset" });
    time.ahead += 120_000;
    expect(await send(server, { authorization: await bearer() })).toEqual(isAlice);
    expect((await send(server, { authorization: `Bearer ${await signAs(own, { kid: "1" })}` })).status).toBe(refused);
  });
});

test.each(["application/json", "text/event-stream"])(
  "two Authorization headers are none: accept %s",
  async (accept) => {
    await using stage = await setStage();
    const body = JSON.stringify({ query });
    const send = async (...tokens: string[]) => {
      await using connection = await RawConnection.open(stage.server.baseUrl);
      connection.write(
        [
          "POST /graphql HTTP/1.1",
          "host: localhost",
          "connection: close",
          "content-type: application/json",
          `accept: ${accept}`,
          `content-length: ${body.length}`,
          ...tokens.map((token) => `authorization: Bearer ${token}`),
        ],
        body,
      );
      return (await connection.received()).slice(0, 12);
    };
    const good = await stage.provider.sign(stage.key);
    expect(await send(good)).toBe("HTTP/1.1 200");
    for (const tokens of [
      [good, good],
      [good, "forged"],
      ["forged", good],
    ]) {
      expect(await send(...tokens)).toBe("HTTP/1.1 401");
    }
  },
);

test("a token in the address, or in a header of the handshake, is not one of the socket's", async () => {
  await using stage = await setStage();
  const good = await stage.provider.sign(stage.key);
  const { baseUrl } = stage.server;
  const response = await fetch(`${baseUrl}/graphql?access_token=${good}&authorization=Bearer%20${good}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query }),
  });
  expect(response.status).toBe(401);
  await using socket = await ProtocolSocket.open(baseUrl, { headers: { authorization: `Bearer ${good}` } });
  socket.send({ type: "connection_init", payload: {} });
  expect((await socket.closed)[0]).toBe(4403);
  await using list = await ProtocolSocket.open(baseUrl);
  list.send({ type: "connection_init", payload: { authorization: [`Bearer ${good}`] } });
  expect((await list.closed)[0]).toBe(4403);
});
