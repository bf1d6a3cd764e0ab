import { randomText } from "../mock-provider/random-text.ts";
import type { MintedTokens } from "../refresh-oracle.ts";

/** How the tokens of a strict provider live, in seconds. */
export interface TokenLifetimes {
  readonly accessTokenLifetime: number;
  /** For so long a used refresh token gets its answer again, unless what the answer brought was used; 0 is never. */
  readonly refreshGrace: number;
}

/** Tokens for a user. */
export interface FamilyTokens extends MintedTokens {
  readonly user: string;
}

/** What becomes of a refresh token that somebody uses. */
export type RefreshOutcome =
  | { readonly kind: "rotated"; readonly tokens: FamilyTokens }
  | { readonly kind: "repeated"; readonly tokens: FamilyTokens }
  | { readonly kind: "reused" }
  | { readonly kind: "unknown" };

interface Family {
  readonly secret: string;
  readonly tokens: FamilyTokens;
  /** How often it was refreshed. */
  readonly generation: number;
  /** Milliseconds since 1970. */
  readonly refreshedAt: number;
}

// Tokens name their family and their place in it, so that nothing need be kept for those that were used.
const tokenForm = /^sk-ant-(ort|oat)01-([\w-]{32})\.(\d+)\.(\d+)(?:\.(\d+))?$/;

/** All sign-ins at a provider: of each the newest tokens, until a refresh token is used a second time. */
export class TokenFamilies {
  readonly #lifetimes: TokenLifetimes;
  readonly #now: () => number;
  readonly #families = new Map<number, Family>();
  #minted = 0;

  constructor(lifetimes: TokenLifetimes, now: () => number = Date.now) {
    this.#lifetimes = lifetimes;
    this.#now = now;
  }

  mint(user: string): FamilyTokens {
    return this.#issue(this.#minted++, { user, secret: randomText(32), generation: 0 });
  }

  /** Uses a refresh token. Nothing comes between looking and writing, so of many uses at once one is the first. */
  refresh(refreshToken: string): RefreshOutcome {
    const found = this.#find(refreshToken, "ort");
    if (found === null) return { kind: "unknown" };
    const { id, family, generation } = found;
    const { secret, tokens } = family;
    if (generation === family.generation) {
      return { kind: "rotated", tokens: this.#issue(id, { user: tokens.user, secret, generation: generation + 1 }) };
    }
    const age = this.#now() - family.refreshedAt;
    if (generation === family.generation - 1 && age < this.#lifetimes.refreshGrace * 1000) {
      return { kind: "repeated", tokens };
    }
    this.#families.delete(id);
    return { kind: "reused" };
  }

  /** Whose refresh token it is, as long as its family lives. */
  userOf(refreshToken: string): string | null {
    return this.#find(refreshToken, "ort")?.family.tokens.user ?? null;
  }

  /** Whether this is the newest refresh token of a family that lives. */
  isCurrent(refreshToken: string): boolean {
    const found = this.#find(refreshToken, "ort");
    return found !== null && found.generation === found.family.generation;
  }

  /** Whether this access token gives access. A refresh does not end those before it. */
  has(accessToken: string): boolean {
    const found = this.#find(accessToken, "oat");
    return found !== null && found.expiresAt > this.#now();
  }

  /** Ends the family of an access token or refresh token (RFC 7009). */
  revoke(token: string): void {
    const found = this.#find(token, "ort") ?? this.#find(token, "oat");
    if (found !== null) this.#families.delete(found.id);
  }

  #issue(id: number, { user, secret, generation }: Pick<Family, "secret" | "generation"> & { user: string }) {
    const refreshedAt = this.#now();
    const place = `${secret}.${id}.${generation}`;
    const expiresIn = this.#lifetimes.accessTokenLifetime;
    const tokens: FamilyTokens = {
      user,
      accessToken: `sk-ant-oat01-${place}.${refreshedAt + expiresIn * 1000}`,
      refreshToken: `sk-ant-ort01-${place}`,
      expiresIn,
    };
    this.#families.set(id, { secret, tokens, generation, refreshedAt });
    return tokens;
  }

  #find(token: string, kind: "ort" | "oat") {
    const [, found, secret, idText, generation, expiresAt] = tokenForm.exec(token) ?? [];
    const id = Number(idText);
    const family = this.#families.get(id);
    if (found !== kind || family === undefined || family.secret !== secret) return null;
    return { id, family, generation: Number(generation), expiresAt: Number(expiresAt) };
  }
}
