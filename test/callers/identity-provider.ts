import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import type { CallerTokenSettings } from "../../src/callers/token-verifier.ts";
import { type MockServer, startServer } from "../support/mock-provider/server.ts";

/** A key that tokens are signed with. */
interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: JWK;
  /** The public key as the text that a careless server would take for a secret. */
  readonly pem: string;
}

export const issuer = "https://login.example.com";
export const audience = "maestro-auth";

/** A local identity provider: it publishes keys and signs tokens with them. */
export class IdentityProvider implements AsyncDisposable {
  readonly server: MockServer;
  readonly settings: CallerTokenSettings;
  readonly #published: JWK[];

  private constructor(server: MockServer, published: JWK[]) {
    this.server = server;
    this.#published = published;
    this.settings = { kind: "jwks", url: new URL(`${server.baseUrl}/jwks.json`), issuer, audience };
  }

  static async start(): Promise<IdentityProvider> {
    const published: JWK[] = [];
    const answer = () => ({ status: 200, body: { keys: published } });
    return new IdentityProvider(await startServer(answer, (status) => ({ status, body: "" })), published);
  }

  /** A new key, which nobody else knows until it is published. */
  async createKey(alg: string, kid: string): Promise<SigningKey> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    return {
      alg,
      kid,
      privateKey,
      publicKey: { ...(await exportJWK(publicKey)), alg, kid, use: "sig" },
      pem: await exportSPKI(publicKey),
    };
  }

  publish(...keys: SigningKey[]): void {
    this.#published.splice(0, Infinity, ...keys.map(({ publicKey }) => publicKey));
  }

  /** A token of Alice's for an hour, with whatever is changed about it; a claim that is undefined is left out. */
  async sign(key: SigningKey, claims: Record<string, unknown> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const payload = { sub: "alice", iss: issuer, aud: audience, exp: now + 3_600, ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg: key.alg, kid: key.kid }).sign(key.privateKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}
