import type { JWTHeaderParameters, JWTPayload } from "jose";
import { mediaType } from "./token-claims.ts";

/** Keycloak's claim `typ`, and Cognito's `token_use`. */
const accessTokenUses: ReadonlySet<string> = new Set(["bearer", "access"]);

/** The last second whose year has four digits, as in RFC 3339. */
const lastSecond = 253_402_300_799;

function useOf({ typ, token_use: use }: JWTPayload): string | null {
  const said = typeof typ === "string" ? typ : use;
  return typeof said === "string" ? said.toLowerCase() : null;
}

/**
 * Why a token that is signed, in time and meant for this server is still no access token; null if it may be one. An
 * identity provider signs ID tokens, logout tokens and others with the same keys, and often for the same audience (RFC
 * 8725, sections 2.8 and 3.11). Nothing of the token is repeated.
 *
 * @param types what the header's `typ` may be, as in TokenClaims
 */
export function faultOfAccessToken(
  { typ }: Pick<JWTHeaderParameters, "typ">,
  payload: JWTPayload,
  types: ReadonlySet<string | null>,
): string | null {
  if (!types.has(typeof typ === "string" ? mediaType(typ) : (typ ?? null))) {
    return `its header's \`typ\` is not ${[...types].filter((type) => type !== null).join(" or ")}`;
  }
  const use = useOf(payload);
  if (use !== null && !accessTokenUses.has(use)) return "it says that it is for another use";
  // RFC 8417, section 2.2: of security events, such as a logout token (OpenID Connect Back-Channel Logout, section
  // 2.4).
  if ("events" in payload) return "it is a security event or logout token";
  // RFC 9449, section 4.2.
  if ("htm" in payload || "htu" in payload) return "it is a DPoP proof";
  // OpenID Connect Core, section 3.1.3.6 and 3.3.2.11.
  if ("at_hash" in payload || "c_hash" in payload) return "it is an ID token";
  // Some providers repeat the nonce in access tokens, which then say in another way what they are.
  const isAccessToken = use !== null || "scp" in payload || (typ !== undefined && mediaType(typ) === "at+jwt");
  return "nonce" in payload && !isAccessToken ? "it is an ID token" : null;
}

/**
 * Whether a claim can be a time. JSON has numbers up to 1e308, of which no date can be made, and which no date exceeds.
 */
export function isTime(claim: unknown): claim is number {
  return typeof claim === "number" && Math.abs(claim) <= lastSecond;
}
