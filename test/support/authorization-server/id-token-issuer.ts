import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { send } from "../mock-provider/answer.ts";

/** What a test may change about the ID tokens of its issuer. */
export interface IdTokenForgery {
  /** Replace the usual ones; undefined takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Signed by a key that the issuer does not publish, under the name of one that it does. */
  readonly strangerSigns?: boolean;
  /** Changes the finished token. */
  readonly tamper?: (token: string) => string | null;
}

/** An issuer that answers every code with tokens, and puts into its ID token whatever it is told to. */
export interface IdTokenIssuer extends AsyncDisposable {
  readonly issuer: string;
  forgery: IdTokenForgery;
  /** The nonce of the authorization request that the next code belongs to. */
  nonce: string;
  /** How often the keys were read. */
  readonly keyRequests: number;
  /** Signs with a new key from now on, and publishes no other. */
  rotate(): Promise<void>;
}

export const audience = "the-operators-client";

export async function startIdTokenIssuer(): Promise<IdTokenIssuer> {
  const makeKey = () => generateKeyPair("ES256", { extractable: true });
  const publish = async ({ publicKey }: Awaited<ReturnType<typeof makeKey>>, kid: string) => ({
    ...(await exportJWK(publicKey)),
    kid,
    alg: "ES256",
    use: "sig",
  });
  const stranger = await makeKey();
  let own = await makeKey();
  let key = await publish(own, "key-1");
  let keyRequests = 0;

  async function idToken(): Promise<string | null> {
    const { claims, strangerSigns = false, tamper } = server.forgery;
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: issuer, aud: audience, sub: "alice", iat: now, exp: now + 300, nonce: server.nonce };
    const token = await new SignJWT({ ...usual, ...claims })
      .setProtectedHeader({ alg: "ES256", kid: key.kid })
      .sign(strangerSigns ? stranger.privateKey : own.privateKey);
    return tamper === undefined ? token : tamper(token);
  }

  async function answer(path: string): Promise<unknown> {
    if (path === "/jwks") {
      keyRequests += 1;
      return { keys: [key] };
    }
    if (path === "/token") {
      const token = await idToken();
      const tokens = { access_token: "access", refresh_token: "refresh", token_type: "Bearer", expires_in: 3600 };
      return token === null ? tokens : { ...tokens, id_token: token };
    }
    return {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      id_token_signing_alg_values_supported: ["ES256"],
      authorization_response_iss_parameter_supported: true,
    };
  }

  const http = createServer((request, response) => {
    request.resume();
    void answer(request.url ?? "").then((body) => send(response, { status: 200, body }));
  }).listen(0, "127.0.0.1");
  await once(http, "listening");
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server: IdTokenIssuer = {
    issuer,
    forgery: {},
    nonce: "",
    get keyRequests() {
      return keyRequests;
    },
    async rotate() {
      own = await makeKey();
      key = await publish(own, "key-2");
    },
    async [Symbol.asyncDispose]() {
      http.close();
      http.closeAllConnections();
      await once(http, "close");
    },
  };
  return server;
}
