import { subtle } from "node:crypto";
import { jwtVerify } from "jose";

const cacheSize = 10_000;
const cacheMs = 60_000;

/** Verifies HS256 tokens and remembers the good ones, within the same bounds as our server. @returns the subject. */
export async function createTokenVerifier(secret: string): Promise<(token: string) => string | Promise<string>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", Buffer.from(secret), algorithm, false, ["verify"]);
  const cache = new Map<string, { readonly subject: string; readonly until: number }>();

  async function verify(token: string): Promise<string> {
    const options = { algorithms: ["HS256"], requiredClaims: ["sub", "exp"] };
    const { payload } = await jwtVerify(token, key, options);
    if (cache.size >= cacheSize) cache.delete(cache.keys().next().value!);
    cache.set(token, { subject: payload.sub!, until: Math.min(Date.now() + cacheMs, payload.exp! * 1000) });
    return payload.sub!;
  }

  return (token) => {
    const cached = cache.get(token);
    return cached !== undefined && Date.now() < cached.until ? cached.subject : verify(token);
  };
}
