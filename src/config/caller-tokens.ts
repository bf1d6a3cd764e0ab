import type { CallerTokenSettings } from "../callers/token-verifier.ts";
import { isLoopback } from "../lib/loopback.ts";
import { Secret } from "../lib/secret.ts";
import type { EnvironmentReader } from "./environment-reader.ts";
import { exampleKey, type KeyFallback } from "./key-fallback.ts";
import { readTokenClaims } from "./token-claims.ts";

export function readCallerTokens(reader: EnvironmentReader, fallback: KeyFallback): CallerTokenSettings {
  const issuer = reader.text("AUTH_ISSUER");
  const audience = reader.text("AUTH_AUDIENCE");
  const claims = readTokenClaims(reader);
  const given = reader.text("AUTH_JWT_SECRET");
  if (reader.text("AUTH_JWKS_URL") !== null) {
    const example = "https://login.example.com/.well-known/jwks.json";
    const url = reader.url("AUTH_JWKS_URL", ["https:", "http:"], example) ?? new URL(example);
    if (given !== null) reader.fault("AUTH_JWT_SECRET", "cannot stand beside AUTH_JWKS_URL.", "", "Unset one of them.");
    if (url.protocol === "http:" && !isLoopback(url.hostname)) {
      reader.fault("AUTH_JWKS_URL", "needs https unless it is on this machine.", example);
    }
    if (issuer === null) reader.fault("AUTH_ISSUER", "is required with AUTH_JWKS_URL.", "https://login.example.com/");
    if (audience === null && !claims.isAudienceOptional) {
      reader.fault("AUTH_AUDIENCE", "is required with AUTH_JWKS_URL.", "maestro-auth");
    }
    return { kind: "jwks", url, issuer: issuer ?? "", audience, claims };
  }
  const secret = given ?? fallback.jwtSecret();
  if (secret !== null && Buffer.byteLength(secret) < 32) {
    reader.fault("AUTH_JWT_SECRET", "needs at least 32 bytes (RFC 7518, section 3.2).", exampleKey);
  }
  return { kind: "secret", secret: new Secret(secret ?? ""), issuer, audience, claims };
}
