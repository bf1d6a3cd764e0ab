import type { Provider } from "oidc-provider";
import type { MintedTokens, RefreshOracle } from "../refresh-oracle.ts";
import type { Answer, Dialect } from "./dialect.ts";
import { clientId } from "./oidc-server.ts";

interface RefreshLedgerOptions {
  readonly oidc: Provider;
  readonly dialect: Dialect;
  /** Seconds for which a refresh token that was used gets its answer again. */
  readonly grace: number;
}

interface GivenAnswer {
  readonly answer: Answer;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** An OpenID provider's token families, and what is kept in front of it to give an answer again. */
export class RefreshLedger implements RefreshOracle {
  readonly #oidc: Provider;
  readonly #dialect: Dialect;
  readonly #graceMs: number;
  readonly #given = new Map<string, GivenAnswer>();
  readonly #turns = new Map<string, Promise<void>>();
  readonly #holds = new Map<string, Promise<void>>();
  refreshes = 0;
  successes = 0;
  reuses = 0;
  afterRotation: RefreshOracle["afterRotation"] = null;

  constructor({ oidc, dialect, grace }: RefreshLedgerOptions) {
    this.#oidc = oidc;
    this.#dialect = dialect;
    this.#graceMs = dialect.rotation ? grace * 1000 : 0;
    oidc.on("grant.revoked", ({ oidc: { route, params } }) => {
      // A repeated authorization code and the revocation endpoint end grants too.
      if (route === "token" && params?.["grant_type"] === "refresh_token") this.reuses++;
    });
    // Not when the answer is written: to a caller that is dead by then nothing is written.
    oidc.on("grant.success", ({ oidc: { params }, body }) => {
      if (params?.["grant_type"] === "refresh_token") this.#rotated(String(params["refresh_token"]), body as Answer);
    });
  }

  async mint(user: string): Promise<MintedTokens> {
    const client = await this.#oidc.Client.find(clientId);
    if (client === undefined) throw new Error("the client is not registered");
    const { signInScopes, resource } = this.#dialect;
    const scope = signInScopes.join(" ");
    const grant = new this.#oidc.Grant({ accountId: user, clientId });
    grant.addOIDCScope(scope);
    if (resource !== null) grant.addResourceScope(resource, scope);
    const grantId = await grant.save();
    const common = { accountId: user, client, grantId, gty: "authorization_code", scope };
    const accessToken = new this.#oidc.AccessToken(common);
    const refreshToken = new this.#oidc.RefreshToken({ ...common, ...(resource === null ? {} : { resource }) });
    return {
      accessToken: await accessToken.save(),
      refreshToken: await refreshToken.save(),
      expiresIn: accessToken.expiration,
    };
  }

  async isCurrent(refreshToken: string): Promise<boolean> {
    const found = await this.#oidc.RefreshToken.find(refreshToken);
    return found?.isValid === true && (await this.#oidc.Grant.find(found.grantId ?? "")) !== undefined;
  }

  /** Uses of one token wait for each other: whether it was used before is read and written in two steps. */
  async inTurn(refreshToken: string, use: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(refreshToken) ?? Promise.resolve()).then(use);
    const settled = turn.catch(() => {});
    this.#turns.set(refreshToken, settled);
    try {
      await turn;
    } finally {
      if (this.#turns.get(refreshToken) === settled) this.#turns.delete(refreshToken);
    }
  }

  /** The answer to give again; null where this use counts. What came of the first use must itself be unused. */
  async repeat(refreshToken: string): Promise<Answer | null> {
    const given = this.#given.get(refreshToken);
    if (given === undefined || given.until <= Date.now()) return null;
    if (!(await this.isCurrent(String(given.answer["refresh_token"])))) return null;
    this.successes++;
    return given.answer;
  }

  /** Done when the answer to this use may be written. */
  async held(refreshToken: string): Promise<void> {
    await this.#holds.get(refreshToken);
    this.#holds.delete(refreshToken);
  }

  #rotated(refreshToken: string, answer: Answer): void {
    this.successes++;
    if (this.#graceMs > 0) this.#given.set(refreshToken, { answer, until: Date.now() + this.#graceMs });
    const hold = this.afterRotation?.(refreshToken);
    if (hold !== undefined) this.#holds.set(refreshToken, hold);
  }
}
