import { expect, test } from "vitest";
import { audience, IdentityProvider, issuer } from "../callers/identity-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { EventSource } from "./graphql/event-source.ts";
import { ProtocolSocket } from "./websocket/protocol-socket.ts";

const subscription = "subscription { credentialEvents { cursor } }";
const claims = { scope: "credentials:read" };

/** An identity provider with two keys, and a server that looks at them all the time. */
async function setStage() {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(await IdentityProvider.start());
  const [withdrawn, kept] = await Promise.all([provider.createKey("ES256", "1"), provider.createKey("ES256", "2")]);
  provider.publish(withdrawn, kept);
  const time = { ahead: 0 };
  const server = stack.use(
    await startTestApp({
      clock: { now: () => new Date(Date.now() + time.ahead) },
      keyWatchIntervalMs: 20,
      environment: {
        AUTH_JWT_SECRET: "",
        AUTH_JWKS_URL: `${provider.server.baseUrl}/jwks.json`,
        AUTH_ISSUER: issuer,
        AUTH_AUDIENCE: audience,
      },
    }),
  );
  const owned = stack.move();
  return {
    server,
    tokenOfWithdrawn: () => provider.sign(withdrawn, claims),
    tokenOfKept: () => provider.sign(kept, claims),
    provider,
    /** From the next reading of the keys on, which comes thirty seconds after the last one. */
    withdraw: () => {
      provider.publish(kept);
      time.ahead += 30_000;
    },
    letKeysAge: () => void (time.ahead += 30_000),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test("an open socket closes with 4403 when the key of its token is withdrawn, and no other does", async () => {
  await using stage = await setStage();
  const { baseUrl } = stage.server;
  await using socket = await ProtocolSocket.connect(baseUrl, await stage.tokenOfWithdrawn());
  await using other = await ProtocolSocket.connect(baseUrl, await stage.tokenOfKept());
  socket.subscribe("1", subscription);
  stage.withdraw();
  expect(await socket.closed).toEqual([4403, expect.stringContaining("withdrawn")]);
  other.subscribe("1", "subscription { nothing }");
  expect(await other.next()).toMatchObject({ id: "1", type: "error" });
});

test("an open event stream ends with UNAUTHENTICATED when the key of its token is withdrawn", async () => {
  await using stage = await setStage();
  await using events = await EventSource.open(stage.server.baseUrl, await stage.tokenOfWithdrawn(), subscription);
  stage.withdraw();
  const [name, data] = (await events.next())!;
  expect(name).toBe("next");
  expect(data).toMatchObject({ errors: [{ extensions: { code: "UNAUTHENTICATED" } }] });
  expect((await events.next())?.[0]).not.toBe("next");
});

test("while the identity provider is away nobody is taken for withdrawn", async () => {
  await using stage = await setStage();
  const { provider, server } = stage;
  await using socket = await ProtocolSocket.connect(server.baseUrl, await stage.tokenOfWithdrawn());
  provider.server.always({ kind: "reset" });
  const asked = provider.server.requests.length;
  stage.letKeysAge();
  await expect.poll(() => provider.server.requests.length, { timeout: 30_000 }).toBeGreaterThan(asked);
  provider.server.always(null);
  const again = provider.server.requests.length;
  stage.letKeysAge();
  await expect.poll(() => provider.server.requests.length, { timeout: 30_000 }).toBeGreaterThan(again);
  socket.subscribe("1", "subscription { nothing }");
  expect(await socket.next()).toMatchObject({ id: "1", type: "error" });
});
